/** The changelog of a release: what stood under "Unreleased" stands under its version. */

const HEADING = /^## Unreleased\n/m;

/** What users read of the next release. Throws an `Error` where there is nothing. */
export function unreleased(changelog: string): string {
  const [, text = ""] = changelog.split(HEADING);
  const entry = text.split(/^## /m)[0].trim();
  if (!/^- /m.test(entry)) throw new Error('CHANGELOG.md expected entries under "## Unreleased", got none');
  return entry;
}

export function withVersion(changelog: string, version: string, date: string): string {
  unreleased(changelog);
  return changelog.replace(HEADING, `## Unreleased\n\n## ${version} - ${date}\n`);
}

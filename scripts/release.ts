/**
 * Makes a release and publishes it when told to: `npm run release -- <version> [options]`
 *   --files address   where the package's files are read, https, {version} in it; needed where package.json has no repository
 *   --tag name        npm's tag (default: latest, next for versions such as 1.0.0-rc.1)
 *   --out folder      keeps tarball and page there (default: build/release)
 *   --quick           without .ci/run, with the packages that are installed here
 *   --publish         commits, tags and publishes; without it nothing outside of --out changes
 *
 * All is made of a clone of HEAD: what is not committed is in no release. Checked are version and changelog, `.ci/run`, the page that
 * npm shows, exports and declarations (publint, attw), keywords, and README's first program with the package as it is installed.
 */
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import semver from "semver";
import { unreleased, withVersion } from "./release/changelog.js";
import { attwReport, publintMessages } from "./release/check.js";
import { renderPage, wholePage } from "./release/page.js";
import { fromRoot } from "./root.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: "string" },
    tag: { type: "string" },
    out: { type: "string", default: fromRoot("build/release") },
    quick: { type: "boolean", default: false },
    publish: { type: "boolean", default: false },
  },
});

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], maxBuffer: 2 ** 28 });
const shown = (command: string, args: readonly string[], cwd: string): void =>
  void execFileSync(command, args, { cwd, stdio: "inherit" });
const read = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");
const say = (what: string): void => console.log(`  ${what}`);

interface Manifest {
  name: string;
  version: string;
  description: string;
  keywords: string[];
  repository?: unknown;
}
const root = fromRoot();
const manifest: Manifest = JSON.parse(read(root, "package.json"));

/** The version of the release. Throws where it is none, or no later one. */
function nextVersion(): string {
  const [given, ...more] = positionals;
  if (given === undefined || more.length > 0 || semver.valid(given) !== given)
    throw new Error(
      `release expected one version such as ${semver.inc(manifest.version, "minor")}, got ${positionals.join(" ") || "none"}`,
    );
  if (!semver.gt(given, manifest.version))
    throw new Error(`release expected a version after ${manifest.version}, got ${given}`);
  return given;
}

/** Where the files of the package are read; undefined where npm finds them by the repository. */
function filesAddress(version: string): string | undefined {
  if (manifest.repository !== undefined) return undefined;
  const address = values.files?.replaceAll("{version}", version);
  if (address === undefined || !/^https:\/\/.+/.test(address))
    throw new Error(
      `release expected --files https://… or a repository in package.json, got ${values.files ?? "neither"}: README's links would lead nowhere on the package's page`,
    );
  return address.replace(/\/?$/, "/");
}

/** What is committed, with what it needs to be built. */
function clone(into: string): void {
  const dirty = run("git", ["status", "--porcelain"], root).trim();
  if (dirty !== "") throw new Error(`release expected all changes to be committed, got\n${dirty}`);
  const branch = run("git", ["rev-parse", "--abbrev-ref", "HEAD"], root).trim();
  if (values.publish && branch !== "main") throw new Error(`release expected branch main, got ${branch}`);
  run("git", ["clone", "--quiet", root, into], root);
  if (values.quick) symlinkSync(fromRoot("node_modules"), join(into, "node_modules"));
  else shown("npm", ["ci", "--no-audit", "--no-fund"], into);
}

interface Tarball {
  path: string;
  files: string[];
  size: number;
}

/** Packs the clone; the page's README is in the tarball alone. */
function pack(folder: string, base: string | undefined): Tarball & { page: string } {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination"];
  const inside = (): Tarball => {
    const [{ filename, files, size }] = JSON.parse(run("npm", [...args, values.out], folder));
    return { path: resolve(values.out, filename), files: files.map(({ path }: { path: string }) => path), size };
  };
  const readme = read(folder, "README.md");
  const page = base === undefined ? readme : wholePage(readme, inside().files, base);
  writeFileSync(join(folder, "README.md"), page);
  const packed = inside();
  writeFileSync(join(folder, "README.md"), readme);
  return { ...packed, page };
}

/** Exports, declarations and keywords of the tarball, which is unpacked into a folder of its own. */
async function checkPackage({ path, files, size }: Tarball, unpacked: string): Promise<void> {
  const messages = await publintMessages(unpacked);
  if (messages.length > 0) throw new Error(messages.join("\n"));
  attwReport(path);
  const { keywords, description } = manifest;
  if (new Set(keywords).size < 10 || description.length > 120)
    throw new Error("package.json expected 10 keywords or more, and a description of at most 120 characters");
  say(`${files.length} files, ${(size / 1e6).toFixed(2)} MB; publint and attw have nothing to say`);
}

/** README's first program, with the package as it is installed. */
function tryFirstProgram({ path }: Tarball, folder: string, readme: string): void {
  const [, program] = /^```js\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  if (program === undefined) throw new Error("README.md expected a first program in JavaScript, got none");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--offline", path], folder);
  writeFileSync(join(folder, "start.mjs"), program);
  say(`README's first program: ${run(process.execPath, ["start.mjs"], folder).trim()}`);
}

function publish(folder: string, { path }: Tarball, version: string, tag: string): void {
  if (!values.publish) {
    say(`not published: add --publish, or npm publish ${path} --tag ${tag}`);
    return;
  }
  shown("git", ["commit", "--quiet", "-am", `Release ${version}`], folder);
  shown("git", ["tag", "-a", `v${version}`, "-m", version], folder);
  shown("git", ["pull", "--quiet", "--ff-only", "--tags", folder, "HEAD"], root);
  shown("npm", ["publish", path, "--tag", tag, "--access", "public"], root);
  say(`published as ${version}; git push --follow-tags shares commit and tag`);
}

const version = nextVersion();
const base = filesAddress(version);
const tag = values.tag ?? (semver.prerelease(version) ? "next" : "latest");
const entries = unreleased(read(root, "CHANGELOG.md")).match(/^- /gm)?.length;
const temporary = mkdtempSync(join(tmpdir(), "release-"));
const folder = join(temporary, "clone");
try {
  console.log(`${manifest.name} ${version}, ${entries} entries in the changelog`);
  clone(folder);
  if (!values.quick) shown("bash", [".ci/run"], folder);
  run("npm", ["version", version, "--no-git-tag-version"], folder);
  const dated = withVersion(read(folder, "CHANGELOG.md"), version, new Date().toISOString().slice(0, 10));
  writeFileSync(join(folder, "CHANGELOG.md"), dated);
  run("npm", ["run", "build", "--silent"], folder);
  if (!existsSync(values.out)) mkdirSync(values.out, { recursive: true });
  const packed = pack(folder, base);
  const unpacked = join(values.out, "package");
  rmSync(unpacked, { recursive: true, force: true });
  run("tar", ["-xzf", packed.path, "-C", values.out], root);
  await checkPackage(packed, unpacked);
  tryFirstProgram(packed, join(temporary, "app"), packed.page);
  writeFileSync(join(values.out, "page.html"), renderPage(packed.page, base ?? "", "package"));
  copyFileSync(join(folder, "CHANGELOG.md"), join(values.out, "CHANGELOG.md"));
  say(`the page as it will look: ${join(values.out, "page.html")}`);
  publish(folder, packed, version, tag);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}

// Shapes the API pages: what a class inherits is said at its base alone, and entries stand under topics, not kinds.
import { Comment, CommentTag, Converter, ReflectionKind } from "typedoc";

/** The topic of what a file in src/ declares, by the first prefix of its path that fits; others go without. */
const TOPICS = [
  ["model/profile", "Looking into a model"],
  ["model/features", "Looking into a model"],
  ["model/gradcheck", "Looking into a model"],
  ["model/freeze", "Training"],
  ["model/state", "Weights and files"],
  ["io/", "Weights and files"],
  ["model/", "Models"],
  ["hosts/node/worker", undefined],
  ["hosts/", "Models"],
  ["nn/losses", "Losses"],
  ["nn/resnet", "Ready-made networks"],
  ["nn/mlp", "Ready-made networks"],
  ["nn/twins", "Ready-made networks"],
  ["nn/blocks", "Blocks"],
  ["nn/residual", "Blocks"],
  ["nn/shortcut", "Blocks"],
  ["nn/squeeze", "Blocks"],
  ["nn/", "Layers"],
  ["optim/optimizers", "Optimisers"],
  ["optim/schedules", "Schedules"],
  ["train/progress-bar", undefined],
  ["train/", "Training"],
  ["data/image/", "Images"],
  ["data", "Data sets"],
  ["core/errors", "Errors"],
  ["core/", "Models"],
  ["runtime/", "Models"],
];

const topicOf = (file) => TOPICS.find(([prefix]) => file.startsWith(prefix))?.[1];

/** The classes that a class extends, from the nearest on, as far as they are documented. */
function bases(reflection) {
  const base = reflection.extendedTypes?.[0]?.reflection;
  return base ? [base, ...bases(base)] : [];
}

/** Whether a page says enough without this member: what a base class says already, and what users do not call. */
function isRepeated(member) {
  const above = bases(member.parent);
  if (member.kind === ReflectionKind.Constructor)
    return member.parent.flags.isAbstract || member.parent.name.endsWith("Error");
  return above.some(({ children }) => children?.some(({ name }) => name === member.name));
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const members = project.getReflectionsByKind(ReflectionKind.ClassMember | ReflectionKind.Constructor);
    for (const member of members.filter(isRepeated)) project.removeReflection(member);
    for (const entry of project.getReflectionsByKind(ReflectionKind.All)) {
      if (entry.kindOf(ReflectionKind.Module)) {
        const name = entry.name.split("/").at(-1);
        entry.name = name === "node" ? "resnet-wasm" : `resnet-wasm/${name}`;
        continue;
      }
      if (!entry.parent?.kindOf(ReflectionKind.Module)) continue;
      const { packagePath = "" } = project.getSymbolIdFromReflection(entry) ?? {};
      const topic = topicOf(packagePath.replace(/^src\//, ""));
      if (!topic) continue;
      // Functions carry their comments on their signatures.
      for (const target of entry.signatures ?? [entry]) {
        target.comment ??= new Comment();
        target.comment.blockTags.push(new CommentTag("@category", [{ kind: "text", text: topic }]));
      }
    }
  });
}

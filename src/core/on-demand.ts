/** Parts of the package that come on demand, as files of their own: they may fail to. */
import { expectation, RuntimeSupportError } from "./errors.js";
import { messageOf } from "./thrown.js";

/** A part that has been asked for. Throws `RuntimeSupportError` where it does not come: the model and its weights stay as they are. */
export async function demanded<T>(where: string, part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    const hint = "A page that was replaced meanwhile lacks its old files: keep them, or bundle without code splitting";
    const expected = "a file of the package that loads";
    throw new RuntimeSupportError(expectation(where, "part", expected, messageOf(cause), { hint }), { cause });
  }
}

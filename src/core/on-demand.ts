/** Parts of the package that come on demand, as files of their own: they may fail to. */
import { expectation, RuntimeSupportError } from "./errors.js";
import { messageOf } from "./thrown.js";

/** A part that has been asked for. Throws `RuntimeSupportError` where it does not come: the model and its weights stay as they are. */
export async function demanded<T>(where: string, part: Promise<T>): Promise<T> {
  try {
    return await part;
  } catch (cause) {
    const hint = "Service workers cannot import(), replaced pages lack their files: bundle into one file";
    const expected = "a file of the package that loads";
    throw new RuntimeSupportError(expectation(where, "part", expected, messageOf(cause), { hint }), { cause });
  }
}

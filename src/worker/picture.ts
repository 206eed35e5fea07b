/** Pictures that cannot be sent to a worker, as pixels that can. Loaded on demand. */

import type { Image } from "../data/image/pixels.js";
import { type ImageSource, imageOf } from "../data/image/source.js";

export const readHere = (image: ImageSource): Promise<Image> => imageOf("classify", image);

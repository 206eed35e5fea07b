// jpeg-js declares its main file, which brings the encoder along; only the decoder is bundled.
declare module "jpeg-js/lib/decoder.js" {
  export default function decode(
    data: Uint8Array,
    options: { useTArray: boolean; formatAsRGBA: boolean; tolerantDecoding: boolean; maxResolutionInMP: number },
  ): { data: Uint8Array; width: number; height: number };
}

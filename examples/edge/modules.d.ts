/** What wrangler makes of a file under its rule "Data". */
declare module "*.safetensors" {
  const bytes: ArrayBuffer;
  export default bytes;
}

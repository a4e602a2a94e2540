/** The package ships no types. */
declare module 'qrcode-terminal' {
  const qrcode: { generate(text: string, options: { small: boolean }, drawn: (text: string) => void): void };
  export default qrcode;
}

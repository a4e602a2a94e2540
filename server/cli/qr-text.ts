/** A QR code in block characters, for the camera in front of a terminal. */
import qrcode from 'qrcode-terminal';

export const qrText = (text: string): Promise<string> =>
  new Promise((drawn) => qrcode.generate(text, { small: true }, drawn));

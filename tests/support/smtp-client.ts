/** SMTP client that sends raw lines, for tests of replies and of broken clients. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export class SmtpClient {
  #socket: Socket;
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  #listen(): void {
    this.#text = '';
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => (this.#text += text));
    this.#socket.on('error', () => undefined);
  }

  /** Connects and reads the greeting. */
  static async connect(port: number): Promise<SmtpClient> {
    const client = new SmtpClient(connect(port, '127.0.0.1'));
    await client.reply();
    return client;
  }

  /** Next reply, with all of its lines. */
  async reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(this.#text);
      if (whole) {
        this.#text = this.#text.slice(whole[0].length);
        return whole[0].trim();
      }
      if (this.#socket.destroyed || this.#socket.readableEnded) throw new Error('the server closed the connection');
      await this.#progress();
    }
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#socket.off('data', done);
        this.#socket.off('close', done);
        resolve();
      };
      this.#socket.once('data', done);
      this.#socket.once('close', done);
    });
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  async say(line: string): Promise<string> {
    this.send(`${line}\r\n`);
    return this.reply();
  }

  async startTls(ca: string): Promise<void> {
    await this.say('STARTTLS');
    this.#socket.removeAllListeners('data');
    const secure = connectTls({ socket: this.#socket, ca, servername: 'localhost' });
    await once(secure, 'secureConnect');
    this.#socket = secure;
    this.#listen();
  }

  /** One mail transaction; returns the last reply. */
  async mail(from: string, to: readonly string[], message: string): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, ...to.map((address) => `RCPT TO:<${address}>`), 'DATA']) {
      const reply = await this.say(line);
      if (!/^[23]/.test(reply)) {
        await this.say('RSET');
        return reply;
      }
    }
    const stuffed = message.replaceAll(/^\./gm, '..').replaceAll(/\r?\n/g, '\r\n');
    return this.say(`${stuffed}${stuffed.endsWith('\n') ? '' : '\r\n'}.`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

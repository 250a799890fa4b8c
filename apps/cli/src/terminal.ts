import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Where the program speaks and listens. Data goes to `out`; progress, hints and errors to `err`. */
export interface Terminal {
  readonly outIsTty: boolean;
  readonly errIsTty: boolean;
  /** Somebody is there to answer questions. */
  readonly inIsTty: boolean;
  readonly columns: number;
  out(text: string): void;
  err(text: string): void;
  readInput(): Promise<string>;
  ask(question: string): Promise<string>;
  askSecret(question: string): Promise<string>;
}

/** The terminal, pipe or file this process was started with. */
export class ProcessTerminal implements Terminal {
  readonly outIsTty = process.stdout.isTTY === true;
  readonly errIsTty = process.stderr.isTTY === true;
  readonly inIsTty = process.stdin.isTTY === true && process.stderr.isTTY === true;

  constructor() {
    // `rackwright events | head` closes the pipe: that is how it ends, not an error.
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
      throw error;
    });
  }

  get columns(): number {
    return process.stdout.columns || 100;
  }

  out(text: string): void {
    process.stdout.write(text);
  }

  err(text: string): void {
    process.stderr.write(text);
  }

  async readInput(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  }

  ask(question: string): Promise<string> {
    return this.question(question, process.stderr);
  }

  /** The answer is not echoed. */
  async askSecret(question: string): Promise<string> {
    this.err(question);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const answer = await this.question('', silent);
    this.err('\n');
    return answer;
  }

  private question(question: string, output: NodeJS.WritableStream): Promise<string> {
    const lines = createInterface({ input: process.stdin, output, terminal: true });
    return new Promise((resolve) => {
      lines.once('SIGINT', () => process.exit(130));
      lines.once('close', () => resolve(''));
      lines.question(question, (answer) => {
        resolve(answer.trim());
        lines.close();
      });
    });
  }
}

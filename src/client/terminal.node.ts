import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Where a person types secrets. */
export interface Terminal {
  /** Asks a question and reads a line that is not shown. */
  askHidden(question: string): Promise<string>;
}

/** This process's terminal; undefined when a program, not a person, is at the other end. */
export function terminalOf(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
): Terminal | undefined {
  if (!input.isTTY || !output.isTTY) return undefined;
  return {
    askHidden(question) {
      output.write(question);
      // readline shows what is typed by writing it: this one writes nowhere.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input, output: nowhere, terminal: true });
      return new Promise((resolve) => {
        let typed = '';
        lines.once('line', (line) => {
          typed = line;
          lines.close();
        });
        lines.once('close', () => {
          output.write('\n');
          resolve(typed);
        });
      });
    },
  };
}

import type { Log } from './components.ts';

/** A log for an operator's tools: one JSON object per line, with the time of this machine. */
export const jsonLog =
  (node: string, write: (line: string) => void = (line) => console.log(line)): Log =>
  (event, facts = {}) =>
    write(JSON.stringify({ time: new Date().toISOString(), node, event, ...facts }));

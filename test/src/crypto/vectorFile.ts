import { readFileSync } from 'node:fs';

/** The content of `vectors/<name>.json`; its shape is stated by the test that reads it. */
export function vectorFile<T>(name: string): T {
  const url = new URL(`../../../vectors/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as T; // our own committed file
}

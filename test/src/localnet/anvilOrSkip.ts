import { anvilPath } from '../../../src/localnet/anvilChain.ts';

/** Leaves the tests out, aloud, where this platform has no anvil. */
export function anvilOrSkip(context: Mocha.Context): void {
  if (anvilPath() !== undefined) return;
  console.warn(`      no anvil for ${process.platform} ${process.arch}: left out`);
  context.skip();
}

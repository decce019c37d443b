/** Emergency access: a patient's card, what a clinician opens with it, and the review of it, each a command of its own. */
import { runCommand } from '../src/config/commandLine.ts';
import { CarelatticeError } from '../src/errors.ts';
import { card } from './emergency/card.ts';
import { open } from './emergency/open.ts';
import { review } from './emergency/review.ts';

const ACTS = {
  card,
  /** After an emergency: a new key, and a new card. */
  end: (args: readonly string[]) => card(args, 'end'),
  open,
  review,
};

const isAct = (name: string): name is keyof typeof ACTS => Object.hasOwn(ACTS, name);

await runCommand(async () => {
  const [name = '', ...args] = process.argv.slice(2);
  if (isAct(name)) return ACTS[name](args);
  const usage = `npm run emergency -- (${Object.keys(ACTS).join(' | ')}) ...`;
  throw new CarelatticeError('UnknownOption', `say which of them: ${name}. Usage: ${usage}`);
});

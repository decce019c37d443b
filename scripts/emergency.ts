/** Emergency access: a patient's card, what a clinician opens with it, and the review of it, each a command of its own. */
import { runCommand } from '../src/config/commandLine.ts';
import { runAct } from './places.ts';
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

await runCommand(() => runAct('emergency', ACTS, process.argv.slice(2)));

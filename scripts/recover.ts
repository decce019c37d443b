/** Gives a patient who lost every way to her keys her identifiers and records back, once guardians gave her an account. */
import { openAccountDesk } from '../src/client/account/accountDesk.node.ts';
import { recoverByCommand } from '../src/client/account/recoverByCommand.node.ts';
import { recoveredLines } from '../src/client/account/recoveredText.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { PLACE, PLACE_USAGE, placesOf, print, text, WALLET, WALLET_USAGE } from './places.ts';

const command = {
  usage: `npm run recover -- --card FILE ${WALLET_USAGE} [--leave-silent] ${PLACE_USAGE}`,
  options: {
    ...{ card: text, 'leave-silent': { type: 'boolean' } as const },
    ...{ ...WALLET, ...PLACE },
  },
  needs: ['card'],
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { card = '', 'leave-silent': leavesSilent = false } = values;
  const { config, manifestFile, walletFile } = placesOf(values);
  using desk = await openAccountDesk(config, manifestFile, walletFile);
  const recovered = await recoverByCommand(desk, card, leavesSilent);
  const { lines, isDone } = recoveredLines(recovered);
  print(lines);
  if (!isDone) process.exitCode = 1;
});

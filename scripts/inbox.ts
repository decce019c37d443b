/** Shows the patient what her nodes have told her: emergencies, and changes of her account. */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import { dropByCommand, showInbox } from '../src/client/inbox/inboxByCommand.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { PLACE, PLACE_USAGE, placesOf, print, WALLET, WALLET_USAGE } from './places.ts';

const command = {
  usage: `npm run inbox -- [--drop] ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: { drop: { type: 'boolean' }, ...WALLET, ...PLACE },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { config, manifestFile, walletFile } = placesOf(values);
  using desk = await openDesk(config, manifestFile, walletFile);
  const { lines, items, ok } = await showInbox(desk.wallet, desk.manifest, desk.ways);
  print(lines);
  if (!ok) process.exitCode = 1;
  if (values.drop !== true || items.length === 0) return;
  print(await dropByCommand(desk.wallet, desk.manifest, desk.ways, items));
});

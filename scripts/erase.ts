/** Has records erased at every holder; without an option, lists what there is. */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import {
  erasableLines,
  eraseByCommand,
  retryByCommand,
} from '../src/client/consent/eraseByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { CarelatticeError } from '../src/errors.ts';
import { PLACE, PLACE_USAGE, placesOf, print, texts, WALLET, WALLET_USAGE } from './places.ts';

const flag = { type: 'boolean' } as const;
const command = {
  usage: `npm run erase -- [--record ID [--record ID]... | --all | --retry] ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: { record: texts, all: flag, retry: flag, ...WALLET, ...PLACE },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { record, all, retry } = values;
  if ([record, all, retry].filter((one) => one !== undefined).length > 1)
    throw new CarelatticeError('UnknownOption', `Give one of the three. Usage: ${command.usage}`);
  const { config, manifestFile, walletFile } = placesOf(values);
  using desk = await openDesk(config, manifestFile, walletFile);
  const wanted = all === true ? 'all' : record;
  if (wanted === undefined && retry === undefined) return print(await erasableLines(desk));
  const { lines, isDone } =
    wanted === undefined ? await retryByCommand(desk) : await eraseByCommand(desk, wanted);
  print(lines);
  if (!isDone) process.exitCode = 1;
});

/** Takes a consent back by one signature, or all of them; without either, lists what the wallet has signed. */
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import {
  consentLines,
  revokeAllByCommand,
  revokeByCommand,
  revokeDelegatedByCommand,
} from '../src/client/consent/revokeByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { CarelatticeError } from '../src/errors.ts';
import { fromHex, toHex } from '../src/hash/bytes.ts';
import { PLACE, PLACE_USAGE, placesOf, print, text, WALLET, WALLET_USAGE } from './places.ts';

const command = {
  usage: `npm run revoke -- [--consent DIGEST | --delegated DIGEST | --all] ${WALLET_USAGE} ${PLACE_USAGE}`,
  options: {
    ...{ consent: text, delegated: text, all: { type: 'boolean' } as const },
    ...WALLET,
    ...PLACE,
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  if ([values.consent, values.delegated, values.all].filter((one) => one !== undefined).length > 1)
    throw new CarelatticeError('UnknownOption', `Give one of the three. Usage: ${command.usage}`);
  const { consent, delegated } = values;
  const { config, manifestFile, walletFile } = placesOf(values);
  using desk = await openDesk(config, manifestFile, walletFile);
  if (values.all === true) {
    const epoch = await revokeAllByCommand(desk);
    console.log(`All is taken back that was signed before; from now on she signs epoch ${epoch}.`);
  } else if (consent === undefined && delegated === undefined) {
    print(consentLines(desk.wallet));
  } else {
    const digest = toHex(fromHex(consent ?? delegated ?? '', 32));
    await (consent === undefined ? revokeDelegatedByCommand : revokeByCommand)(desk, digest);
    console.log(`Taken back: ${digest}. From the next block on it is refused, for ever.`);
  }
});

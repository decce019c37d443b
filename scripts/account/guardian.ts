import {
  approveByCommand,
  makeGuardian,
  readRequest,
} from '../../src/client/account/guardiansByCommand.node.ts';
import { terminalOf } from '../../src/client/terminal.node.ts';
import { handOutText } from '../../src/client/wallet/handOutText.ts';
import { newPassphrase } from '../../src/client/wallet/unlock.node.ts';
import { commandLine } from '../../src/config/commandLine.ts';
import { CarelatticeError } from '../../src/errors.ts';
import { placesOf, print, text, WALLET } from '../places.ts';

const key = {
  usage:
    'npm run account -- guardian-key --wallet FILE --out ACCOUNT-FILE [--passphrase-file FILE]',
  options: { ...WALLET, out: text },
  needs: ['wallet', 'out'],
} as const;

/** A guardian makes her sealed key, and the file that she hands to the patient. */
export async function guardianKey(args: readonly string[]): Promise<void> {
  const { values } = commandLine(key, args);
  const { out = '' } = values;
  const { config, walletFile } = placesOf(values);
  const terminal = terminalOf(process.stdin, process.stderr);
  const passphrase = await newPassphrase(config.passphraseFile, terminal, '--passphrase-file');
  const handOut = await makeGuardian(walletFile, passphrase, out);
  print([
    `Her key is sealed in ${walletFile}. Hand ${out} to the patient, and let her compare the`,
  ]);
  print([
    `account in it by another way: ${handOut.authority}.`,
    '',
    handOutText(handOut).trimEnd(),
  ]);
}

const approval = {
  usage:
    'npm run account -- approve REQUEST-FILE --card FILE [--wallet FILE --out APPROVAL-FILE [--passphrase-file FILE]]; without --out it only shows what is asked',
  options: { card: text, ...WALLET, out: text },
  least: 1,
  most: 1,
  needs: ['card'],
} as const;

/** A guardian reads a request, and with --out signs it. */
export async function approve(args: readonly string[]): Promise<void> {
  const { values, positionals } = commandLine(approval, args);
  const { out, wallet, card = '' } = values;
  const [request = ''] = positionals;
  if ((out === undefined) !== (wallet === undefined))
    throw new CarelatticeError('UnknownOption', `Usage: ${approval.usage}`);
  const shown = await readRequest({ request, card });
  print(shown.lines);
  if (out === undefined)
    return print(['Nothing is signed yet: --wallet FILE --out FILE signs it.']);
  const { config, walletFile } = placesOf(values);
  await approveByCommand(config, shown, walletFile, out);
  print([`Signed: send ${out} to whoever asked.`]);
}

/** Makes a patient's wallet before she is enrolled anywhere; with --open tests a way into it, or makes one anew. */
import { createPatient, renewSlot } from '../src/client/wallet/createPatient.node.ts';
import { AT_STAKE, guardianPlanOf, handOutText } from '../src/client/wallet/handOutText.ts';
import { terminalOf } from '../src/client/terminal.node.ts';
import {
  newPassphrase,
  renewalOf,
  slotNameOf,
  slotSecret,
} from '../src/client/wallet/unlock.node.ts';
import { openWalletFile } from '../src/client/wallet/walletFile.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run create-patient -- [--wallet FILE] [--passphrase-file FILE] [--guardians T/N --shares-dir DIR] [--open KIND [--recovery-code-file FILE] [--share FILE]... [--renew KIND [--new-passphrase-file FILE]]] [--network NAME] [--deployments DIR], KIND is passphrase, recovery-code or guardians',
  options: {
    wallet: text,
    'passphrase-file': text,
    guardians: text,
    'shares-dir': text,
    open: text,
    'recovery-code-file': text,
    share: { type: 'string', multiple: true },
    renew: text,
    'new-passphrase-file': text,
    network: text,
    deployments: text,
  },
} as const;

await runCommand(async () => {
  const { values } = commandLine(command, process.argv.slice(2));
  const { network, deployments, open, renew } = values;
  const given = { network, deployments, passphraseFile: values['passphrase-file'] };
  const { passphraseFile, ...config } = loadDeployment(processEnvironment(), given);
  const walletFile = values.wallet ?? walletOf(config);
  const terminal = terminalOf(process.stdin, process.stderr);
  const plan = guardianPlanOf(values.guardians, values['shares-dir']);
  if (open === undefined) {
    const passphrase = await newPassphrase(passphraseFile, terminal, '--passphrase-file');
    const handOut = await createPatient(walletFile, passphrase, plan);
    console.log(`Her wallet is ${walletFile}; her account is ${handOut.authority}.\n`);
    return console.log(handOutText(handOut) + AT_STAKE);
  }
  const recoveryCodeFile = values['recovery-code-file'];
  const sources = { passphraseFile, recoveryCodeFile, shareFiles: values.share, terminal };
  const secret = await slotSecret(slotNameOf(open), sources);
  if (renew === undefined) {
    const { keySlots } = await openWalletFile(walletFile, secret);
    const kinds = keySlots?.slots.map(({ kind }) => kind).join(', ');
    return console.log(`${open} opens ${walletFile}. It has these slots: ${kinds}.`);
  }
  const renewal = await renewalOf(slotNameOf(renew), values['new-passphrase-file'], terminal, plan);
  const handOut = await renewSlot(walletFile, secret, renewal);
  console.log(`${renew} of ${walletFile} is new. Copies of the old file still open as before.\n`);
  console.log(handOutText(handOut));
});

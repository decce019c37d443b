/** Shows a patient the exact text of a consent, signs it, and writes the file for its reader. */
import { join } from 'node:path';
import { openDesk } from '../src/client/consent/consentDesk.node.ts';
import * as command from '../src/client/consent/signConsentByCommand.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const typed = {
  usage:
    'npm run sign-consent -- --serving NODE (--reader NAME|any --categories all|A,B --until DATE [--purpose CODE] [--labels A,B] [--from DATE] [--language en|zh] [--print | --browser] | --signature 0x...) [--draft FILE] [--out FILE] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    ...{ serving: text, reader: text, categories: text, labels: text, purpose: text },
    ...{ from: text, until: text, language: text, print: flag, browser: flag, signature: text },
    ...{ draft: text, out: text, wallet: text, 'passphrase-file': text },
    ...{ rpc: text, network: text, deployments: text },
  },
  needs: ['serving'],
} as const;

await runCommand(async () => {
  const { values } = commandLine(typed, process.argv.slice(2));
  const { rpc: rpcUrl, network, deployments, serving = '', signature: given } = values;
  const passphraseFile = values['passphrase-file'];
  const shared = { rpcUrl, network, deployments, passphraseFile };
  const config = loadDeployment(processEnvironment(), shared);
  const folder = join(config.deployments, config.network);
  const { draft = join(folder, 'consent.draft.json'), wallet = walletOf(config) } = values;
  using desk = await openDesk(config, manifestOf(config), wallet);
  const { draftByCommand, readDraft } = command;
  const consent = given === undefined ? await draftByCommand(values, desk) : await readDraft(draft);
  const task = command.taskOf(desk, consent);
  console.log(`${command.taskText(task)}\n`);
  if (values.print === true) return console.log(await command.keepDraft(draft, consent, task));
  const signature = await command.signatureMade(task, given, values.browser === true);
  const { out = join(folder, `consent-${task.digest.slice(2, 10)}.json`) } = values;
  await command.grantByCommand(desk, { consent, signature, serving, out });
  console.log(`Granted: ${task.digest}. Give the reader ${out}.`);
});

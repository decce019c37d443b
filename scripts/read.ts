/** Reads records: with a consent as a reader, as a hospital its own patient's, or as the patient her own. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { loadManifest } from '../src/chain/manifestFile.ts';
import { httpsWays } from '../src/client/httpsWays.node.ts';
import { readPatientBundle } from '../src/client/enrolment/patientBundle.node.ts';
import {
  keepRecords,
  prepareFolder,
  readAsPatient,
  readWithConsent,
} from '../src/client/reading/readByCommand.node.ts';
import { terminalOf } from '../src/client/terminal.node.ts';
import { slotSecret } from '../src/client/wallet/unlock.node.ts';
import { openWalletFile } from '../src/client/wallet/walletFile.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, nodesHere, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { nodeNamed } from '../src/domain/nodeNamed.ts';
import { CarelatticeError } from '../src/errors.ts';
import { operatorOf } from '../src/node/doors/operatorClient.node.ts';
import { readerOfFolder } from '../src/node/readerOf.node.ts';

const text = { type: 'string' } as const;
const command = {
  usage:
    'npm run read -- (--consent FILE --as FOLDER [--purpose CODE] [--receipt FILE] | --own [--wallet FILE] [--passphrase-file FILE] --at NODE | (FHIR-FILE | --sample SEED) --at NODE) [--out DIR] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    consent: text,
    as: text,
    purpose: text,
    receipt: text,
    own: { type: 'boolean' },
    at: text,
    sample: text,
    wallet: text,
    'passphrase-file': text,
    out: text,
    rpc: text,
    network: text,
    deployments: text,
  },
  most: 1,
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { consent, as, at, own, rpc: rpcUrl, network, deployments } = values;
  const isMixed = consent !== undefined && (own === true || at !== undefined);
  const isStray = consent === undefined && values.receipt !== undefined;
  if (isMixed || isStray || (consent === undefined) !== (as === undefined))
    throw new CarelatticeError('UnknownOption', `Usage: ${command.usage}`);
  const env = processEnvironment();
  const given = { rpcUrl, network, deployments, passphraseFile: values['passphrase-file'] };
  const config = loadDeployment(env, given);
  await prepareFolder(values.out);
  const show = async (from: string, records: Parameters<typeof keepRecords>[0]): Promise<void> => {
    console.log(`${from}: ${records.length} records, each checked to its author's signature.`);
    for (const line of await keepRecords(records, values.out)) console.log(line);
  };
  if (consent === undefined && own !== true) {
    if (at === undefined) throw new CarelatticeError('UnknownOption', `Usage: ${command.usage}`);
    const { identifiers } = await readPatientBundle({
      file: positionals[0],
      sample: values.sample,
    });
    const operator = await operatorOf(nodeNamed(await nodesHere(env, config), at).data);
    const records = await operator.open(identifiers).finally(() => operator.close());
    return show(`Opened at ${at} and logged for the patient`, records);
  }
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestOf(config), rpc);
  const ways = await httpsWays(manifest, rpc);
  try {
    if (consent !== undefined && as !== undefined) {
      const reader = await readerOfFolder(env, as, manifest, rpc);
      const { purpose, receipt } = values;
      const read = await readWithConsent(reader, { consent, purpose, receipt }, ways);
      console.log(
        `${reader.name} reads. The holder's receipt is number ${read.receipt.n}, signed.`,
      );
      return await show(`Handed over by ${read.holder}`, read.records);
    }
    if (at === undefined) throw new CarelatticeError('UnknownOption', `Usage: ${command.usage}`);
    const terminal = terminalOf(process.stdin, process.stderr);
    const secret = await slotSecret('passphrase', { ...config, terminal });
    const wallet = await openWalletFile(values.wallet ?? walletOf(config), secret);
    await show(`Her own records at ${at}`, await readAsPatient(wallet, manifest, at, ways));
  } finally {
    ways.close();
  }
});

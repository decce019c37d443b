/** Makes a wallet for a patient, or takes hers, and enrols her at nodes of the network. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { loadManifest } from '../src/chain/manifestFile.ts';
import { createClientTransport } from '../src/client/httpsTransport.node.ts';
import { readPatientBundle } from '../src/client/patientBundle.node.ts';
import { registerPatient } from '../src/client/registerPatient.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { createPinnedClient } from '../src/courier/pinnedClient.node.ts';

const command = {
  usage:
    'npm run register-patient -- (FHIR-FILE | --sample SEED) --at NODE [--at NODE] [--wallet FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    at: { type: 'string', multiple: true },
    sample: { type: 'string' },
    wallet: { type: 'string' },
    rpc: { type: 'string' },
    network: { type: 'string' },
    deployments: { type: 'string' },
  },
  most: 1,
  needs: ['at'],
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { rpc: rpcUrl, network, deployments, at = [] } = values;
  const config = loadDeployment(processEnvironment(), { rpcUrl, network, deployments });
  const { name, identifiers } = await readPatientBundle({
    file: positionals[0],
    sample: values.sample,
  });
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestOf(config), rpc);
  const client = createPinnedClient({ profile: manifest.profile === 'local' ? 'local' : 'public' });
  const transport = createClientTransport({ client });
  const walletFile = values.wallet ?? walletOf(config);
  const patientId = await registerPatient({
    manifest,
    rpc,
    transport,
    walletFile,
    at,
    identifiers,
  }).finally(() => client.close());
  console.log(
    `${name} is enrolled at ${at.join(' and ')}. On chain she is ${patientId}; her keys are in ${walletFile}.`,
  );
});

/** Opens a patient's wallet and enrols her at nodes of the network. */
import { httpRpc } from '../src/chain/httpRpc.ts';
import { loadManifest } from '../src/chain/manifestFile.ts';
import { enrollPatient } from '../src/client/enrolment/enrollPatient.node.ts';
import { createClientTransport } from '../src/client/httpsTransport.node.ts';
import { readPatientBundle } from '../src/client/enrolment/patientBundle.node.ts';
import { terminalOf } from '../src/client/terminal.node.ts';
import { slotSecret } from '../src/client/wallet/unlock.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, manifestOf, walletOf } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { createPinnedClient } from '../src/courier/pinnedClient.node.ts';

const command = {
  usage:
    'npm run enroll -- (FHIR-FILE | --sample SEED) --at NODE [--at NODE] [--wallet FILE] [--passphrase-file FILE] [--rpc URL] [--network NAME] [--deployments DIR]',
  options: {
    at: { type: 'string', multiple: true },
    sample: { type: 'string' },
    wallet: { type: 'string' },
    'passphrase-file': { type: 'string' },
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
  const passphraseFile = values['passphrase-file'];
  const given = { rpcUrl, network, deployments, passphraseFile };
  const config = loadDeployment(processEnvironment(), given);
  const { name, identifiers } = await readPatientBundle({
    file: positionals[0],
    sample: values.sample,
  });
  const rpc = httpRpc(config.rpcUrl);
  const manifest = await loadManifest(manifestOf(config), rpc);
  const terminal = terminalOf(process.stdin, process.stderr);
  const secret = await slotSecret('passphrase', { ...config, terminal });
  const client = createPinnedClient({ profile: manifest.profile === 'local' ? 'local' : 'public' });
  const transport = createClientTransport({ client });
  const walletFile = values.wallet ?? walletOf(config);
  const person = { walletFile, secret, at, identifiers };
  const patientId = await enrollPatient({ manifest, rpc, transport, ...person }).finally(() =>
    client.close(),
  );
  console.log(`${name} is enrolled at ${at.join(' and ')}. On chain she is ${patientId}.`);
});

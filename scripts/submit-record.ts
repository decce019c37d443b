/** Hands a FHIR bundle in at a running node of this machine, as the hospital's own system would. */
import { readPatientBundle } from '../src/client/patientBundle.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, nodeNamed, nodesHere } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { operatorOf } from '../src/node/doors/operatorClient.node.ts';

const command = {
  usage:
    'npm run submit-record -- (FHIR-FILE | --sample SEED) --at NODE [--key KEY] [--network NAME] [--deployments DIR]',
  options: {
    at: { type: 'string' },
    sample: { type: 'string' },
    key: { type: 'string' },
    network: { type: 'string' },
    deployments: { type: 'string' },
  },
  most: 1,
  needs: ['at'],
} as const;

await runCommand(async () => {
  const { values, positionals } = commandLine(command, process.argv.slice(2));
  const { at = '', key, network, deployments } = values;
  const environment = processEnvironment();
  const nodes = await nodesHere(environment, loadDeployment(environment, { network, deployments }));
  const { bytes } = await readPatientBundle({ file: positionals[0], sample: values.sample });
  const operator = await operatorOf(nodeNamed(nodes, at).data);
  const { resources, records } = await operator.handIn(bytes, key).finally(() => operator.close());
  console.log(`${at} took ${resources} FHIR resources and sealed ${records.length} records:`);
  for (const { recordId, category, recordSize } of records) {
    console.log(`  ${recordId}  ${category}, ${recordSize} bytes of ciphertext`);
  }
});

/**
 * Hands a FHIR bundle in at a running node of this machine, as the hospital's own system would; as a new version of
 * earlier records of that hospital, or says of some that they were written in error.
 */
import { readPatientBundle } from '../src/client/enrolment/patientBundle.node.ts';
import { commandLine, runCommand } from '../src/config/commandLine.ts';
import { loadDeployment, nodesHere } from '../src/config/deployment.ts';
import { processEnvironment } from '../src/config/settings.ts';
import { nodeNamed } from '../src/domain/nodeNamed.ts';
import { operatorOf } from '../src/node/doors/operatorClient.node.ts';

const command = {
  usage:
    'npm run submit-record -- (FHIR-FILE | --sample SEED | --in-error RECORD-ID[,...]) --at NODE [--amends RECORD-ID[,...]] [--key KEY] [--network NAME] [--deployments DIR]',
  options: {
    at: { type: 'string' },
    sample: { type: 'string' },
    key: { type: 'string' },
    amends: { type: 'string' },
    'in-error': { type: 'string' },
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
  const inError = values['in-error'];
  const source = { file: positionals[0], sample: values.sample };
  const bundle = inError === undefined ? await readPatientBundle(source) : undefined;
  const operator = await operatorOf(nodeNamed(nodes, at).data);
  const asked =
    bundle === undefined
      ? operator.enterInError([inError ?? ''])
      : operator.handIn(bundle.bytes, key, values.amends?.split(','));
  const handedIn = await asked.finally(() => operator.close());
  if ('waiting' in handedIn) {
    return console.log(`${at} took the bundle; it waits for the patient's new key.`);
  }
  const { resources, records } = handedIn;
  console.log(`${at} took ${resources} FHIR resources and sealed ${records.length} records:`);
  for (const { recordId, category, recordSize } of records) {
    console.log(`  ${recordId}  ${category}, ${recordSize} bytes of ciphertext`);
  }
});

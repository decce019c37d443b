import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { labelledHash } from '../src/hash/labelled.ts';
import { toHex } from '../src/hash/bytes.ts';
import { createValidatorPool } from '../src/fhir/validatorPool.node.ts';
import { type LocalNetwork, startNetwork } from '../src/localnet/network.ts';
import type { Log } from '../src/node/components.ts';
import { type Check, checkAll, type StoryRecord } from './checks.ts';
import { checkConsents, checkEmergency } from './consentChecks.ts';
import { INSURER, tellConsentStory } from './consentStory.ts';
import { handInSummary, tellEmergencyStory } from './emergencyStory.ts';
import { type Dataset, folderDataset, generatedDataset } from './dataset.ts';
import { collectFacts, type Facts } from './facts.ts';
import { keepPublic } from './keep.ts';
import { fullReplicationBytes, kilobytes, matrix } from './matrix.ts';
import { type Enrolled, enrollPatient, handIn, random, type Validate } from './network.ts';
import type { DemoOptions } from './options.ts';
import { chainText } from './outsider.ts';
import { count, teller, tellFirstStory } from './story.ts';

/** The demo: one story told slowly, the same for everybody in short, what it cost, and whether all of it holds. */

export interface DemoReport {
  ok: boolean;
  checks: Check[];
  patients: number;
  records: number;
  batches: number;
  gasPerRecord: number;
  bytesPerNode: Record<string, number>;
  fullReplicationBytes: number;
  seconds: number;
}

/** @param print a line for people @param progress a line that says that it goes on */
export async function runDemo(
  options: DemoOptions,
  print: (line: string) => void,
  progress: (line: string) => void,
): Promise<DemoReport> {
  const started = performance.now();
  const dataset =
    options.fhir === undefined
      ? generatedDataset(options.seed, options.patients, options.nodes ?? 6)
      : await folderDataset(resolve(options.fhir), options.nodes, progress);
  const folder =
    options.keep === undefined
      ? await mkdtemp(join(tmpdir(), 'carelattice-'))
      : resolve(options.keep);
  await mkdir(folder, { recursive: true });
  const logs = logFiles(join(folder, 'private'));
  const pool = createValidatorPool();
  const network = await startNetwork({
    name: 'edge-1001',
    chainId: 1001,
    // Public names, equal for every run of the demo; all keys are drawn anew.
    federationId: toHex(labelledHash('federation', 'demo')),
    networkId: toHex(labelledHash('network', 'demo')),
    hospitals: dataset.hospitals,
    consensus: ['Consensus node', 'Standby'],
    readers: [INSURER],
    directory: join(folder, 'private'),
    random,
    log: logs.of,
  });
  try {
    await network.settle();
    const report = await play(network, dataset, (bundle) => pool.validate(bundle), print, progress);
    const facts = await collectFacts(network);
    if (options.keep !== undefined) await keepPublic(folder, network, facts);
    return { ...report, seconds: Math.round((performance.now() - started) / 100) / 10 };
  } finally {
    await network.close();
    await pool.close();
    await logs.close();
    if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function play(
  network: LocalNetwork,
  dataset: Dataset,
  validate: Validate,
  print: (line: string) => void,
  progress: (line: string) => void,
): Promise<DemoReport> {
  const tell = teller(print);
  const first = await tellFirstStory(network, dataset, validate, tell);
  const all: Enrolled[] = [first.enrolled];
  const records: StoryRecord[] = first.accepted.records.map((record) => ({
    record,
    author: dataset.patients[0]?.bundles[0]?.hospital ?? '',
    enrolled: first.enrolled,
  }));
  for (const patient of dataset.patients.slice(1)) {
    all.push(await enrollPatient(network, patient));
    if (all.length % 25 === 0)
      progress(`enrolled ${all.length} of ${dataset.patients.length} patients`);
  }
  await network.settle();
  let handed = 0;
  const total = dataset.patients.reduce((sum, { bundles }) => sum + bundles.length, 0);
  for (const [index, enrolled] of all.entries()) {
    for (const [number, part] of enrolled.patient.bundles.entries()) {
      handed += 1;
      if (index === 0 && number === 0) continue;
      const { records: own } = await handIn(
        network,
        part,
        `${index} ${number}`,
        validate,
        dataset.directory,
      );
      records.push(...own.map((record) => ({ record, author: part.hospital, enrolled })));
      if (handed % 20 === 0)
        progress(`handed in ${handed} of ${total} bundles, ${records.length} records`);
    }
  }
  progress(`storing ${records.length} records`);
  await network.settle();
  const summary = await handInSummary(network, first.enrolled, validate);
  const author = first.enrolled.patient.hospitals[0] ?? '';
  records.push(...summary.records.map((record) => ({ record, author, enrolled: first.enrolled })));
  await network.settle();
  return report(network, dataset, all, records, tell, print);
}

async function report(
  network: LocalNetwork,
  dataset: Dataset,
  all: readonly Enrolled[],
  records: readonly StoryRecord[],
  tell: (sentence: string) => void,
  print: (line: string) => void,
): Promise<DemoReport> {
  const [first] = all;
  if (first === undefined) throw new Error('a dataset has a patient');
  const facts = await collectFacts(network);
  const gasPerRecord = Math.round(facts.gas / records.length);
  const full = fullReplicationBytes(network, facts);
  tell(
    `The same for everybody: ${count(all.length, 'patient')}, ${count(records.length, 'record')} in ${count(facts.requests.length, 'storage request')} ` +
      `and ${count(facts.seals.length, 'seal')}. Records lie where their patient is enrolled, nowhere else:`,
  );
  for (const line of matrix(network, all)) print(line);
  const bytesPerNode = Object.fromEntries(
    network.hospitals.map(({ name }) => [name, facts.stored.get(name)?.bytes ?? 0]),
  );
  const kept = Object.values(bytesPerNode).reduce((sum, bytes) => sum + bytes, 0);
  tell(
    `Bytes kept by all hospitals together: ${kilobytes(kept)}. If every hospital kept everything it would be ` +
      `${kilobytes(full)}, ${(full / Math.max(1, kept)).toFixed(1)} times as much.`,
  );
  tell(
    `Gas: ${gasPerRecord.toLocaleString('en')} per record, for request, seal and settlement together. Patients pay nothing.`,
  );
  const second = await tellConsentStory(
    network,
    first,
    [
      ...new Set(
        records.filter(({ enrolled }) => enrolled === first).map(({ record }) => record.category),
      ),
    ],
    tell,
    print,
  );
  const third = await tellEmergencyStory(network, first, tell);
  tell(await outsiderSentence(network, facts));
  if (dataset.leftOut.length > 0) {
    tell(
      `${count(dataset.leftOut.length, 'file')} left out: ${dataset.leftOut.slice(0, 3).join('; ')}`,
    );
  }
  print('');
  const checks = [
    ...(await checkAll(network, facts, records, all)),
    ...(await checkConsents(network, second)),
    ...checkEmergency(third),
  ];
  for (const { name, ok, detail } of checks)
    print(`    ${ok ? 'ok    ' : 'FAILED'}  ${name} (${detail})`);
  return {
    ok: checks.every(({ ok }) => ok),
    checks,
    patients: all.length,
    records: records.length,
    batches: facts.requests.length,
    gasPerRecord,
    bytesPerNode,
    fullReplicationBytes: full,
    seconds: 0,
  };
}

async function outsiderSentence(network: LocalNetwork, facts: Facts): Promise<string> {
  const text = await chainText(network);
  return (
    `An outsider who reads the whole chain (${kilobytes(text.length)}) sees ${facts.requests.length} requests with their author, time and padded size, ` +
    'roots that tell nothing, and random numbers for patients; no name, no address of a record, no category.'
  );
}

/** A log file per node, one JSON object per line. */
function logFiles(folder: string): { of: (node: string) => Log; close: () => Promise<void> } {
  const streams = new Map<string, ReturnType<typeof createWriteStream>>();
  return {
    of: (node) => {
      const ready = mkdir(folder, { recursive: true });
      return (event, facts = {}) => {
        void ready.then(() => {
          const stream =
            streams.get(node) ??
            createWriteStream(join(folder, `${node.replace(/[\\/]/g, '-')}.log.jsonl`), {
              flags: 'a',
            });
          streams.set(node, stream);
          stream.write(`${JSON.stringify({ event, ...facts })}\n`);
        });
      };
    },
    close: async () => {
      await Promise.all(
        [...streams.values()].map((stream) => new Promise((done) => stream.end(done))),
      );
    },
  };
}

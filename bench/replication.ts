import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatePatients, type GeneratedPatient } from '../src/fhir/generator/generatePatients.ts';
import { type Hex, utf8 } from '../src/hash/bytes.ts';
import { collect } from '../src/store/byteStream.ts';
import { openEmbeddedStore } from '../src/store/embeddedStore.node.ts';
import { type BenchPart, type Figure, figure } from './figures.ts';
import { storageFaults } from './storageChecks.ts';
import {
  type BenchPerson,
  hospitalAt,
  startStorageNetwork,
  type StorageNetwork,
} from './storageNetwork.ts';

/**
 * Bytes on disk: every record at its three holders only, as a whole network stored it, against the same
 * ciphertexts in one store per node, as if everybody kept everything.
 */

const COPIES = 3;
const PATIENTS = 40;
const SEED = 'replication';
const SIZES = [
  { nodes: 16, goal: '>= 4' },
  { nodes: 48, goal: '>= 10' },
] as const;

export async function measureReplication(progress: (line: string) => void): Promise<BenchPart> {
  const figures: Figure[] = [];
  const failures: string[] = [];
  for (const { nodes, goal } of SIZES) {
    progress(`storing the records of ${PATIENTS} patients at ${COPIES} of ${nodes} nodes`);
    const sparse = await storeSparse(nodes);
    progress(`storing the same records at all ${nodes} nodes`);
    const full = await storeEverywhere(nodes, sparse.contents);
    const id = `G10.bytes${nodes}`;
    const faults = [...sparse.faults, ...full.faults];
    failures.push(...faults.map((fault) => `${id}: ${fault}`));
    const note =
      faults.length > 0
        ? 'the result was wrong, see failures'
        : `disk blocks of all stores after the checkpoint, ${sparse.records} records of the built-in generator (${sparse.contentBytes} B of ciphertext a copy): ` +
          `${sparse.bytes} B at ${COPIES} of ${nodes} nodes, ${full.bytes} B with the same contents stored at every node (own full mode, stores only); ` +
          `in both an empty store takes ${sparse.emptyBytes} B`;
    figures.push(
      figure(id, faults.length > 0 ? null : full.bytes / sparse.bytes, 'ratio', goal, note),
    );
  }
  return { figures, failures };
}

interface Content {
  readonly owner: Hex;
  readonly cid: string;
  readonly bytes: Uint8Array;
}

/** A network enrols the patients at `COPIES` nodes each and stores what their hospitals hand in. */
async function storeSparse(nodes: number) {
  const hospitals = Array.from({ length: nodes }, (_, i) => `Hospital ${i + 1}`);
  const patients = generatePatients({ seed: SEED, patients: PATIENTS, hospitals });
  const handedIn = patients.map((patient) => ({ patient, person: personOf(patient, hospitals) }));
  const storage = await startStorageNetwork(
    nodes,
    handedIn.map(({ person }) => person),
  );
  try {
    const emptyBytes = Math.round((await storeBytes(storage.directory)) / (nodes + 2));
    for (const { patient, person } of handedIn) {
      for (const { hospital, bundle } of patient.bundles) {
        await storage.handIn(person, hospitals.indexOf(hospital), utf8(JSON.stringify(bundle)));
      }
    }
    await storage.settle();
    const faults = await storageFaults(storage);
    const contents = await contentsOf(storage);
    await storage.close();
    return {
      bytes: await storeBytes(storage.directory),
      emptyBytes,
      records: storage.records.length,
      contents,
      contentBytes: contents.reduce((sum, { bytes }) => sum + bytes.length, 0),
      faults,
    };
  } finally {
    await storage.close();
    await storage.remove();
  }
}

/** The ciphertext of every record and wrap, read from a holder that is not its author. */
async function contentsOf({ network, records }: StorageNetwork): Promise<Content[]> {
  const contents: Content[] = [];
  for (const { record, person } of records) {
    const { store } = hospitalAt(network, person.hospitals.at(-1) ?? 0).open.components;
    for (const [cid, size] of [
      [record.recordCid, record.recordSize],
      [record.wrapCid, record.wrapSize],
    ] as const) {
      const bytes = await collect(
        store.get(cid, size),
        size,
        () => new Error('a content is longer than it says'),
      );
      contents.push({ owner: record.anchor, cid, bytes });
    }
  }
  return contents;
}

/** The same driver, one store per node, every content in each, read back and hashed. */
async function storeEverywhere(nodes: number, contents: readonly Content[]) {
  const directory = await mkdtemp(join(tmpdir(), 'carelattice-bench-'));
  const faults: string[] = [];
  try {
    for (let node = 0; node < nodes; node++) {
      const store = await openEmbeddedStore({
        directory: join(directory, `node-${node}`, 'store'),
      });
      const stored = await store.putMany(
        contents.map(({ owner, bytes }) => ({ owner, source: bytes })),
      );
      if (stored.some(({ cid }, i) => cid !== contents[i]?.cid))
        faults.push(`store ${node} gave another CID`);
      const { damaged } = await store.scrub();
      if (damaged.length > 0) faults.push(`store ${node} has ${damaged.length} damaged contents`);
      await store.close();
    }
    return { bytes: await storeBytes(directory), faults };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Where she was treated, and the next hospitals up to the number of copies. */
function personOf(patient: GeneratedPatient, all: readonly string[]): BenchPerson {
  const own = patient.hospitals.map((name) => all.indexOf(name));
  const [home = 0] = own;
  const others = all
    .map((_, i) => (home + 1 + i) % all.length)
    .filter((place) => !own.includes(place));
  return { identifiers: patient.identifiers, hospitals: [...own, ...others].slice(0, COPIES) };
}

/** What the files of all stores take on the disk, in blocks as `du` counts them. */
async function storeBytes(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory, { recursive: true })) {
    if (!name.split('/').includes('store')) continue;
    const { blocks } = await stat(join(directory, name));
    bytes += blocks * 512;
  }
  return bytes;
}

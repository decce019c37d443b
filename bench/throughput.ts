import { createHash } from 'node:crypto';
import { cpus, loadavg } from 'node:os';
import {
  BUNDLE_BYTES,
  BUNDLE_CATEGORIES,
  BUNDLE_RESOURCES,
  bundleIdentifiers,
  bundleOf,
} from './bundles.ts';
import { type BenchPart, figure } from './figures.ts';
import { profileOf, type RoomProfile } from './roomProfile.ts';
import { storageFaults } from './storageChecks.ts';
import { type BenchPerson, startStorageNetwork, type StorageNetwork } from './storageNetwork.ts';

/** Records per CPU-second of this process, which is all nodes, their validating threads and the chain. */

const NODES = 16;
const COPIES = 3;
const AUTHORS = 2;
/** Per author and round: one batch of 256 records of 16 patients in 4 categories. */
const PATIENTS = 16;
const BUNDLES = 16;
const ROUNDS = 5;
/** A probe that moved more says that the machine was busy with something else. */
const PROBE_LIMIT = 0.15;

interface Round {
  readonly records: number;
  /** CPU seconds from the first bundle to its last seal in the author's store. */
  readonly sealing: number;
  /** CPU seconds from there to the settlement. */
  readonly path: number;
  readonly wall: number;
  /** How much the probe moved around this round. */
  readonly drift: number;
}

export async function measureThroughput(progress: (line: string) => void): Promise<BenchPart> {
  progress(`starting ${NODES} nodes and enrolling ${AUTHORS * PATIENTS} patients`);
  const people = Array.from({ length: AUTHORS * PATIENTS }, (_, i) => personOf(i));
  const storage = await startStorageNetwork(NODES, people);
  try {
    progress('a round to warm up');
    await oneRound(storage, bundlesOf(people, 0));
    const rounds: Round[] = [];
    for (let i = 1; i <= ROUNDS; i++) {
      const round = await oneRound(storage, bundlesOf(people, i));
      progress(
        `round ${i}: ${round.records} records, CPU ${(round.sealing + round.path).toFixed(2)} s, wall ${round.wall.toFixed(2)} s, probe moved ${(round.drift * 100).toFixed(0)} %`,
      );
      rounds.push(round);
    }
    progress('a round under the profiler');
    const bundles = bundlesOf(people, ROUNDS + 1);
    const profile = await profileOf(async () => {
      await handInAll(storage, bundles);
      await storage.settle();
    });
    for (const line of linesOf(profile)) progress(line);
    progress('checking what was stored');
    const faults = await storageFaults(storage);
    return {
      figures: figuresOf(rounds, profile, faults),
      failures: faults.map((fault) => `G9: ${fault}`),
      tables: { profile },
    };
  } finally {
    await storage.close();
    await storage.remove();
  }
}

/** Patients live at one of the authors and at two other hospitals. */
function personOf(index: number): BenchPerson {
  const home = index % AUTHORS;
  const distance = 1 + (index % (NODES - 2));
  return {
    identifiers: bundleIdentifiers(index),
    hospitals: [home, (home + distance) % NODES, (home + distance + 1) % NODES],
  };
}

/** Bundles that nobody handed in before. */
const bundlesOf = (people: readonly BenchPerson[], round: number) =>
  people.flatMap((person, index) =>
    Array.from({ length: BUNDLES }, (_, i) => {
      const category = BUNDLE_CATEGORIES[i % BUNDLE_CATEGORIES.length] ?? 'result';
      return { person, bundle: bundleOf(index, category, round * BUNDLES + i) };
    }),
  );

type Bundles = ReturnType<typeof bundlesOf>;

async function oneRound(storage: StorageNetwork, bundles: Bundles): Promise<Round> {
  const before = storage.records.length;
  const probeBefore = probe();
  const started = performance.now();
  const start = process.cpuUsage();
  await handInAll(storage, bundles);
  const sealing = cpuSeconds(process.cpuUsage(start));
  await storage.settle();
  const path = cpuSeconds(process.cpuUsage(start)) - sealing;
  const wall = (performance.now() - started) / 1000;
  const drift = Math.abs(probe() / probeBefore - 1);
  return { records: storage.records.length - before, sealing, path, wall, drift };
}

async function handInAll(storage: StorageNetwork, bundles: Bundles): Promise<void> {
  for (const { person, bundle } of bundles)
    await storage.handIn(person, person.hospitals[0] ?? 0, bundle);
}

const cpuSeconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;

/** CPU seconds of a fixed amount of SHA-256. */
function probe(): number {
  const bytes = new Uint8Array(1 << 20);
  const start = process.cpuUsage();
  for (let i = 0; i < 256; i++) createHash('sha256').update(bytes).digest();
  return cpuSeconds(process.cpuUsage(start));
}

function figuresOf(rounds: readonly Round[], profile: RoomProfile, faults: readonly string[]) {
  const steady = rounds.filter(({ drift }) => drift <= PROBE_LIMIT);
  const all = rates(steady, ({ records, sealing, path }) => records / (sealing + path));
  const path = rates(steady, ({ records, path: cpu }) => records / cpu);
  const reason =
    faults.length > 0
      ? 'the result was wrong, see failures'
      : `no round of ${rounds.length} in which the SHA-256 probe moved less than ${PROBE_LIMIT * 100} %`;
  const isRight = faults.length === 0 && all !== undefined && path !== undefined;
  const setting =
    `${AUTHORS} batches of ${PATIENTS * BUNDLES} a round, bundles of ${BUNDLE_RESOURCES} resources and ${BUNDLE_BYTES} B, ${PATIENTS} patients and ${BUNDLE_CATEGORIES.length} categories a batch, ` +
    `k = ${COPIES} of ${NODES}, all nodes and a simulated chain without consensus in one process, gateway and courier in process, SQLite synced; ` +
    `${steady.length} of ${rounds.length} rounds; ${cpus().length} cores ${cpus()[0]?.model ?? ''}, load ${loadavg()[0]?.toFixed(1) ?? ''}`;
  const shares = linesOf(profile).slice(1).join('; ');
  return [
    figure(
      'G9',
      isRight ? all.median : null,
      'records/CPU-s',
      null,
      isRight
        ? `no goal yet; FHIR bundle accepted to settlement, min ${all.min}, max ${all.max}; ${setting}; CPU by room: ${shares}`
        : reason,
    ),
    figure(
      'G9.path',
      isRight ? path.median : null,
      'records/CPU-s',
      null,
      isRight
        ? `no goal yet; sealed record to settlement, opened and checked by every holder, min ${path.min}, max ${path.max}; ${setting}`
        : reason,
    ),
  ];
}

function rates(rounds: readonly Round[], rate: (round: Round) => number) {
  const sorted = rounds.map(rate).sort((a, b) => a - b);
  const [min] = sorted;
  const [max, median] = [sorted.at(-1), sorted[Math.floor(sorted.length / 2)]];
  if (min === undefined || max === undefined || median === undefined) return undefined;
  return { min: Math.round(min), max: Math.round(max), median };
}

/** Where the time goes: threads, rooms, and the functions that take most. */
function linesOf({ rooms, functions, main, others }: RoomProfile): string[] {
  const percent = (seconds: number): string =>
    `${((seconds / (main + others)) * 100).toFixed(1)} %`;
  return [
    `CPU ${(main + others).toFixed(2)} s: main thread ${percent(main)}, validating and I/O threads ${percent(others)}`,
    ...rooms.slice(0, 10).map(({ name, seconds }) => `${name} ${percent(seconds)}`),
    ...functions.slice(0, 10).map(({ name, seconds }) => `  ${name} ${percent(seconds)}`),
  ];
}

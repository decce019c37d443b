import { type Profiler, Session } from 'node:inspector/promises';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Share {
  readonly name: string;
  readonly seconds: number;
}

/** CPU seconds by part of the source. */
export interface RoomProfile {
  /** `src/<room>`, with what it calls in Node and in packages; most first. */
  readonly rooms: readonly Share[];
  /** `function (file:line)`, likewise. */
  readonly functions: readonly Share[];
  /** CPU seconds of the main thread. */
  readonly main: number;
  /** CPU seconds of all other threads: validators, and Node's pool for files and cryptography. */
  readonly others: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const SAMPLE_MICROSECONDS = 500;
const MOST_SHARES = 25;

/** Runs `work` under the CPU profiler of this process's main thread. */
export async function profileOf(work: () => Promise<unknown>): Promise<RoomProfile> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROSECONDS });
    const [all, thread] = [process.cpuUsage(), process.threadCpuUsage()];
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    const [allUsed, threadUsed] = [process.cpuUsage(all), process.threadCpuUsage(thread)];
    const main = seconds(threadUsed);
    const others = Math.max(0, seconds(allUsed) - main);
    return { ...aggregate(profile), main, others };
  } finally {
    session.disconnect();
  }
}

const seconds = ({ user, system }: { user: number; system: number }): number =>
  (user + system) / 1e6;

interface Place {
  readonly room: string;
  readonly name: string;
}

function aggregate({
  nodes,
  samples = [],
  timeDeltas = [],
}: Profiler.Profile): Pick<RoomProfile, 'rooms' | 'functions'> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const known = new Map<number, Place>();
  /** The nearest frame of our own sources, at or above. */
  const placeOf = (id: number): Place => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const frame = byId.get(id)?.callFrame;
    const parent = parentOf.get(id);
    const place =
      ownPlace(frame?.url ?? '', frame?.functionName ?? '', frame?.lineNumber ?? 0) ??
      (parent === undefined ? { room: 'Node itself', name: 'Node itself' } : placeOf(parent));
    known.set(id, place);
    return place;
  };
  const rooms = new Map<string, number>();
  const functions = new Map<string, number>();
  samples.forEach((id, index) => {
    if (byId.get(id)?.callFrame.functionName === '(idle)') return;
    const time = (timeDeltas[index] ?? 0) / 1e6;
    const { room, name } = isCollector(byId.get(id)?.callFrame.functionName)
      ? COLLECTOR
      : placeOf(id);
    rooms.set(room, (rooms.get(room) ?? 0) + time);
    functions.set(name, (functions.get(name) ?? 0) + time);
  });
  return { rooms: sorted(rooms), functions: sorted(functions) };
}

const COLLECTOR: Place = { room: 'garbage collector', name: 'garbage collector' };
const isCollector = (name: string | undefined): boolean => name === '(garbage collector)';

/** Sources of ours by room; the simulated chain is a package, and shows as such. */
function ownPlace(url: string, functionName: string, line: number): Place | undefined {
  if (url.includes('/node_modules/hardhat/') || url.includes('/node_modules/@nomicfoundation/')) {
    return { room: 'simulated chain (Hardhat)', name: 'simulated chain (Hardhat)' };
  }
  if (!url.startsWith('file://') || url.includes('/node_modules/')) return undefined;
  const path = relative(root, fileURLToPath(url));
  const [top = '', room = ''] = path.split('/');
  if (top !== 'src' && top !== 'bench') return undefined;
  return {
    room: top === 'src' ? `src/${room}` : top,
    name: `${functionName === '' ? 'anonymous' : functionName} (${path}:${line + 1})`,
  };
}

const sorted = (times: ReadonlyMap<string, number>): Share[] =>
  [...times]
    .map(([name, time]) => ({ name, seconds: Number(time.toFixed(3)) }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, MOST_SHARES);

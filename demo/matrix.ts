import type { LocalNetwork } from '../src/localnet/network.ts';
import type { Facts } from './facts.ts';
import type { Enrolled } from './network.ts';

const ROWS = 20;
const COLUMNS = 12;

/** Patients by nodes: how many records of whom lie where. */
export function matrix(network: LocalNetwork, all: readonly Enrolled[]): string[] {
  const hospitals = network.hospitals.slice(0, COLUMNS);
  const head = `     ${''.padEnd(24)}${hospitals.map((_, i) => `H${i + 1}`.padStart(5)).join('')}`;
  const rows = all.slice(0, ROWS).map(({ patient, network: own }) => {
    const counts = hospitals.map(({ open }) => {
      const held = open.components.holding
        .timeline(own.patientId, 10_000)
        .filter(({ state }) => state === 'held').length;
      return (held === 0 ? '·' : String(held)).padStart(5);
    });
    return `     ${pad(patient.name, 24)}${counts.join('')}`;
  });
  const legend = hospitals.map(({ name }, i) => `H${i + 1} ${name}`).join(', ');
  const more = [
    ...(all.length > ROWS ? [`     … and ${all.length - ROWS} more patients`] : []),
    ...(network.hospitals.length > COLUMNS
      ? [`     … and ${network.hospitals.length - COLUMNS} more nodes`]
      : []),
  ];
  return [head, ...rows, ...more, `     ${legend}`];
}

/** Pads by what a terminal shows: Chinese characters are two columns wide. */
function pad(text: string, width: number): string {
  let shown = 0;
  let cut = '';
  for (const character of text) {
    const columns = /[\u2e80-\uffef]/u.test(character) ? 2 : 1;
    if (shown + columns > width - 1) break;
    shown += columns;
    cut += character;
  }
  return cut + ' '.repeat(width - shown);
}

/** What every node would hold if everybody kept everything. */
export function fullReplicationBytes(network: LocalNetwork, facts: Facts): number {
  const sizes = new Map<string, number>();
  for (const { sizesByCid } of facts.stored.values())
    for (const [cid, size] of sizesByCid) sizes.set(cid, size);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return total * network.hospitals.length;
}

export const kilobytes = (bytes: number): string =>
  bytes < 10_000_000
    ? `${Math.round(bytes / 1000).toLocaleString('en')} KB`
    : `${(bytes / 1e6).toFixed(1)} MB`;

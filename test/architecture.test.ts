import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

/** Who may import what (docs/glossary.md names the rooms). `base` is hash, wire and domain; everybody may import errors. */
const BASE = ['hash', 'wire', 'domain'];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  config: ['plainLine'],
  hash: [],
  wire: ['hash'],
  domain: ['hash', 'wire'],
  crypto: ['hash', 'wire'],
  fhir: BASE,
  chain: [...BASE, 'typechain-types'],
  store: BASE,
  courier: [...BASE, 'crypto'],
  // Fits the ports that chain and courier declare.
  journal: [...BASE, 'ports'],
  trace: [...BASE, 'chain', 'journal'],
  client: [...BASE, 'crypto', 'fhir', 'chain', 'gatewayClient', 'courierClient'],
  node: [...BASE, 'config', 'crypto', 'fhir', 'chain', 'store', 'courier', 'journal', 'trace'],
  localnet: [
    ...BASE,
    'chain',
    'config',
    'node',
    'client',
    'crypto',
    'courier',
    'store',
    'fhir',
    'trace',
    'ignition',
  ],
};
/** Files that a room may import although its room is closed to it, and why. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  // For what a command prints.
  plainLine: ['src/wire/plainLine.ts'],
  ports: ['src/courier/ports.ts', 'src/chain/transactionTable.ts'],
  gatewayClient: ['src/store/gatewayClient.ts', 'src/store/pinnedGateway.node.ts'],
  courierClient: ['src/courier/pinnedClient.node.ts'],
};

const root = fileURLToPath(new URL('..', import.meta.url));
const filesUnder = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ts$/.test(name))
    .map((name) => join(folder, name));

const roomOf = (path: string): string => {
  const [top = '', room = ''] = path.split('/');
  return top === 'src' ? room.replace(/\.ts$/, '') : top;
};

interface Import {
  from: string;
  to: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    ([, path = '']) => path,
  );
  return specifiers.map((path) => ({
    from: file,
    to: relative(root, resolve(root, dirname(file), path)),
  }));
}

function isAllowed({ from, to }: Import): boolean {
  const [own, other] = [roomOf(from), roomOf(to)];
  if (own === other || other === 'errors') return true;
  const allowed = ALLOWED[own] ?? [];
  return allowed.includes(other) || allowed.some((door) => DOORS[door]?.includes(to));
}

describe('the house', () => {
  const sources = filesUnder('src');

  it('has a line for every room', () => {
    const rooms = new Set(sources.map(roomOf).filter((room) => room !== 'index'));
    expect([...rooms].filter((room) => !(room in ALLOWED))).to.deep.equal([]);
  });

  it('has imports in the allowed directions only', () => {
    const wrong = sources
      .filter((file) => roomOf(file) !== 'index')
      .flatMap(importsOf)
      .filter((one) => !isAllowed(one));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('has no circle of files', () => {
    const graph = new Map(sources.map((file) => [file, importsOf(file).map(({ to }) => to)]));
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of sources) visit(file, []);
    expect(circles).to.deep.equal([]);
  });

  it('notices a wrong direction', () => {
    expect(isAllowed({ from: 'src/hash/bytes.ts', to: 'src/node/role.ts' })).to.equal(false);
    expect(isAllowed({ from: 'src/journal/nodeTable.ts', to: 'src/courier/courier.ts' })).to.equal(
      false,
    );
  });

  it('keeps Hardhat to localnet and node modules to files that say so', () => {
    const wrong = sources.flatMap((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const inNode =
        /\.node\.ts$/.test(file) ||
        ['node', 'journal', 'localnet', 'config'].includes(roomOf(file));
      const problems: string[] = [];
      if (roomOf(file) !== 'localnet' && /from 'hardhat|import\('hardhat/.test(text))
        problems.push(`${file}: hardhat`);
      if (!inNode && /from 'node:/.test(text) && !STORE_ON_DISK.has(file))
        problems.push(`${file}: node:`);
      return problems;
    });
    expect(wrong).to.deep.equal([]);
  });

  it('has no file over 400 lines', () => {
    const long = [...sources, ...filesUnder('demo'), ...filesUnder('scripts')].filter(
      (file) =>
        !file.includes('definitions') &&
        readFileSync(join(root, file), 'utf8').split('\n').length > 401,
    );
    expect(long).to.deep.equal([]);
  });
});

/** Rooms of daemons only, whose files touch the disk without the suffix. */
const STORE_ON_DISK = new Set<string>(['src/chain/manifestFile.ts']);

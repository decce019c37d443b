import { readFileSync } from 'node:fs';
import { expect } from 'chai';

/** The packages that a checkout installs, read from the lock file alone. */

interface Locked {
  version?: string;
  resolved?: string;
  integrity?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  hasInstallScript?: boolean;
}
interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const manifest = read('package.json') as Manifest; // npm's own form
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> }; // likewise
const locked = Object.entries(packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');

/** Permissive licences by SPDX name. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'Apache-2.0 WITH LLVM-exception',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'Python-2.0',
]);
/** Packages whose lock entry names no licence, and where it was read. Development only. */
const READ_BY_HAND: Readonly<Record<string, string>> = {
  '@nomicfoundation/ignition-ui': 'MIT', // LICENSE of NomicFoundation/hardhat
  memorystream: 'MIT', // `licenses` of its package.json, the old form
};

/** Whether one of the choices of an SPDX expression is allowed. */
const isAllowed = (licence: string): boolean =>
  licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((part) => ALLOWED.has(part.trim())));

describe('hostile 41: the packages', () => {
  it('are asked for in exact versions', () => {
    for (const group of ['dependencies', 'devDependencies', 'optionalDependencies'] as const)
      for (const [name, version] of Object.entries(manifest[group]))
        expect(version, name).to.match(/^\d+\.\d+\.\d+$/);
  });

  it('are locked with version and SHA-512, from the registry alone', () => {
    expect(locked.length).to.be.greaterThan(100);
    for (const [path, { version, resolved, integrity, link }] of locked) {
      expect(link, path).to.equal(undefined);
      expect(version, path).to.match(/^\d+\.\d+\.\d+/);
      // The lock leaves the registry's address out; a package from elsewhere would name its own.
      expect(resolved ?? 'https://registry.npmjs.org/', path).to.match(
        /^https:\/\/registry\.npmjs\.org\//,
      );
      expect(integrity, path).to.match(/^sha512-/);
    }
  });

  it('run no script when they are installed', () => {
    const scripted = locked.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const names = new Set(scripted.map(([path]) => nameOf(path)));
    for (const name of names) expect(manifest.allowScripts[name], name).to.equal(false);
    expect(Object.values(manifest.allowScripts)).to.not.include(true);
  });

  it('have allowed licences, those of the core without exception', () => {
    for (const [path, { license, dev }] of locked) {
      const name = nameOf(path);
      const licence = license ?? (dev === true ? READ_BY_HAND[name] : undefined);
      expect(licence, `${name} names its licence`).to.be.a('string');
      expect(isAllowed(licence ?? ''), `${name}: ${licence ?? ''}`).to.equal(true);
    }
  });

  it('are told apart by licence: GPL and AGPL are not allowed', () => {
    for (const licence of ['GPL-3.0', 'AGPL-3.0-only', 'MIT AND GPL-2.0', 'UNLICENSED', ''])
      expect(isAllowed(licence), licence).to.equal(false);
    expect(isAllowed('(GPL-3.0 OR MIT)')).to.equal(true);
  });
});

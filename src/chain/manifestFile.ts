import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CarelatticeError } from '../errors.ts';
import { manifestOf, verifyManifest } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { Rpc } from './rpc.ts';

/** Where the manifest of a network lies in a folder of deployments. */
export const manifestPath = (folder: string, name: string): string => join(folder, `${name}.json`);

/** Reads a manifest. @throws `NoManifest`, `BadManifest` */
export async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CarelatticeError('NoManifest', 'cannot read the manifest; deploy the network first', {
      facts: { path },
      cause,
    });
  }
  return manifestOf(jsonOf(text, path), path);
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CarelatticeError('BadManifest', 'the manifest is no JSON; deploy again', {
      facts: { source: path, wrong: ['no JSON'] },
      cause,
    });
  }
}

/** Reads a manifest and checks it against its chain. @throws as `readManifest` and `verifyManifest` */
export async function loadManifest(path: string, rpc: Rpc): Promise<Manifest> {
  const manifest = await readManifest(path);
  await verifyManifest(manifest, rpc);
  return manifest;
}

/** Writes a manifest into the folder and returns its path; a reader sees the old file or the new one. */
export async function writeManifest(folder: string, manifest: Manifest): Promise<string> {
  const path = manifestPath(folder, manifest.name);
  await mkdir(folder, { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, `${JSON.stringify(manifestOf(manifest, path), undefined, 2)}\n`);
  await rename(draft, path);
  return path;
}

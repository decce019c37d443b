import { lookup as dnsLookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { CarelatticeError } from '../errors.ts';

/**
 * Where a node may be told to connect. An endpoint comes from a registry, that is from another organisation: it must
 * not make this node knock at its own network. Loopback and private addresses pass only in the profile `local`.
 */
export type EndpointProfile = 'local' | 'public';

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveByDns: Resolve = async (host) =>
  (await dnsLookup(host, { all: true })).map(({ address }) => address);

/** Loopback and private use: the machine itself and the operator's own network. */
const near = new BlockList();
near.addSubnet('127.0.0.0', 8);
near.addSubnet('10.0.0.0', 8);
near.addSubnet('172.16.0.0', 12);
near.addSubnet('192.168.0.0', 16);
near.addAddress('::1', 'ipv6');
near.addSubnet('fc00::', 7, 'ipv6');

/** IPv4 of the IANA special-purpose registry that is neither near nor a public host. */
const never = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  never.addSubnet(net, prefix);
}

/** IPv6: only global unicast is public, without what tunnels to IPv4 (Teredo, 6to4) or is for documentation. */
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  never.addSubnet(net, prefix, 'ipv6');
}

const refused = (problem: string, host: string): CarelatticeError =>
  new CarelatticeError('EndpointRefused', `an endpoint is not allowed: ${problem}`, {
    facts: { host },
  });

/** @throws `EndpointRefused` when `address`, a numeric one, may not be connected to. */
export function assertAllowedAddress(address: string, profile: EndpointProfile): void {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) throw refused('not an address', address);
  if (near.check(address, family)) {
    if (profile === 'local') return;
    throw refused('a loopback or private address needs the profile local', address);
  }
  const isPublic = family === 'ipv4' || globalUnicast.check(address, family);
  if (!isPublic || never.check(address, family)) throw refused('not a public address', address);
}

/** Where to connect: a checked numeric address, never the name again, so that DNS cannot change its answer. */
export interface AllowedEndpoint {
  readonly address: string;
  readonly port: number;
  /** The host as the endpoint names it, for the Host header. */
  readonly host: string;
  /** Path of the endpoint without a slash at its end, mostly empty. */
  readonly basePath: string;
}

/**
 * Checks an endpoint of a registry, `https://host[:port][/path]`, and resolves it.
 * Every address of the name must be allowed: one bad one refuses the endpoint.
 * @throws `EndpointRefused`; `PeerUnreachable` (retryable) when the name has no address.
 */
export async function allowedEndpoint(
  endpoint: string,
  profile: EndpointProfile,
  resolve: Resolve = resolveByDns,
): Promise<AllowedEndpoint> {
  if (!URL.canParse(endpoint)) throw refused('not a URL', '');
  const url = new URL(endpoint);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (url.protocol !== 'https:') throw refused('only https', host);
  if (url.username !== '' || url.password !== '') throw refused('it holds credentials', host);
  if (url.search !== '' || url.hash !== '') throw refused('it has a query or fragment', host);
  const addresses = isIP(host) === 0 ? await addressesOf(host, resolve) : [host];
  for (const address of addresses) assertAllowedAddress(address, profile);
  const [address] = addresses;
  if (address === undefined) throw unresolved(host);
  return {
    address,
    port: url.port === '' ? 443 : Number(url.port),
    host: url.host,
    basePath: url.pathname.replace(/\/+$/, ''),
  };
}

const unresolved = (host: string, cause?: unknown): CarelatticeError =>
  new CarelatticeError('PeerUnreachable', 'the name of a peer has no address', {
    facts: { host },
    cause,
    retryable: true,
  });

async function addressesOf(host: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch (error) {
    throw unresolved(host, error);
  }
}

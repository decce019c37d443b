import { expect } from 'chai';
import { allowedEndpoint, assertAllowedAddress } from '../../../src/courier/endpointPolicy.node.ts';
import { codeOf } from '../../support/codeOf.ts';

const near = ['127.0.0.1', '127.8.9.1', '10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.7.7'];
const nearToo = ['::1', 'fc00::1', 'fd12:3456::1', '::ffff:127.0.0.1', '::ffff:a00:1'];
const never = [
  ['this host', '0.0.0.0'],
  ['link-local, cloud metadata', '169.254.169.254'],
  ['carrier NAT', '100.64.0.1'],
  ['benchmarks', '198.18.0.1'],
  ['documentation', '203.0.113.9'],
  ['multicast', '224.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['unspecified', '::'],
  ['link-local IPv6', 'fe80::1'],
  ['site-local IPv6', 'fec0::1'],
  ['IPv4-mapped link-local', '::ffff:169.254.169.254'],
  ['NAT64 of loopback', '64:ff9b::7f00:1'],
  ['6to4 of loopback', '2002:7f00:1::'],
  ['Teredo', '2001:0:1::1'],
  ['multicast IPv6', 'ff02::1'],
  ['documentation IPv6', '2001:db8::1'],
] as const;

describe('the endpoint policy', () => {
  for (const address of [...near, ...nearToo]) {
    it(`hostile 33: lets ${address} pass in the profile local only`, async () => {
      expect(await codeOf(() => assertAllowedAddress(address, 'local'))).to.equal('none');
      expect(await codeOf(() => assertAllowedAddress(address, 'public'))).to.equal(
        'EndpointRefused',
      );
    });
  }

  for (const [what, address] of never) {
    it(`hostile 33: lets nobody connect to ${address} (${what})`, async () => {
      for (const profile of ['local', 'public'] as const) {
        expect(await codeOf(() => assertAllowedAddress(address, profile))).to.equal(
          'EndpointRefused',
        );
      }
    });
  }

  it('lets public addresses pass', async () => {
    for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111']) {
      expect(await codeOf(() => assertAllowedAddress(address, 'public'))).to.equal('none');
    }
  });

  for (const endpoint of [
    'file:///etc/passwd',
    'http://8.8.8.8',
    'ftp://8.8.8.8',
    'https://user@8.8.8.8',
    'https://8.8.8.8/?next=1',
    'https://8.8.8.8/#part',
    'https://0x7f.1',
    'https://2130706433',
    'https://0177.0.0.1',
    'https://127.1',
    'https://[::ffff:127.0.0.1]',
    'https://[::1]:8443',
    'hospital.example',
    '',
  ]) {
    it(`hostile 33: refuses the endpoint "${endpoint}"`, async () => {
      const resolve = async () => ['8.8.8.8'];
      expect(await codeOf(() => allowedEndpoint(endpoint, 'public', resolve))).to.equal(
        'EndpointRefused',
      );
    });
  }

  it('hostile 33: refuses a name when any of its addresses is not allowed', async () => {
    for (const bad of ['127.0.0.1', '::ffff:10.0.0.1', '169.254.169.254', 'localhost']) {
      const resolve = async () => ['8.8.8.8', bad];
      expect(
        await codeOf(() => allowedEndpoint('https://hospital.example', 'public', resolve)),
      ).to.equal('EndpointRefused');
    }
  });

  it('gives the numeric address to connect to, so that a second DNS answer does not count', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    const resolve = async () => answers.shift() ?? [];
    const first = await allowedEndpoint('https://hospital.example:8443/node/', 'public', resolve);
    expect(first).to.deep.equal({
      address: '8.8.8.8',
      port: 8443,
      host: 'hospital.example:8443',
      basePath: '/node',
    });
    expect(
      await codeOf(() => allowedEndpoint('https://hospital.example', 'public', resolve)),
    ).to.equal('EndpointRefused');
  });

  it('says of a name without an address that the peer cannot be reached', async () => {
    for (const resolve of [async () => [], () => Promise.reject(new Error('ENOTFOUND'))]) {
      expect(
        await codeOf(() => allowedEndpoint('https://hospital.example', 'public', resolve)),
      ).to.equal('PeerUnreachable');
    }
  });
});

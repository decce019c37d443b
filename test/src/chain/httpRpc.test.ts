import { expect } from 'chai';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpRpc } from '../../../src/chain/httpRpc.ts';
import type { HttpRpcLimits } from '../../../src/chain/httpRpc.ts';
import { providerRpc, requireChainId, sendAll } from '../../../src/chain/rpc.ts';
import type { Rpc } from '../../../src/chain/rpc.ts';
import { revertDataOf } from '../../../src/chain/rpcAnswer.ts';
import { CarelatticeError } from '../../../src/errors.ts';
import { failureOf } from './failureOf.ts';
import { callOf, callsOf, standIn } from './standInNode.ts';
import type { StandIn } from './standInNode.ts';

describe('JSON-RPC over HTTP', () => {
  let node: StandIn | undefined;
  let elsewhere: StandIn | undefined;

  afterEach(async () => {
    await node?.close();
    await elsewhere?.close();
    node = elsewhere = undefined;
  });

  async function rpcTo(
    answer: (body: string, response: ServerResponse, request: IncomingMessage) => void,
    limits?: HttpRpcLimits,
  ): Promise<Rpc> {
    node = await standIn(answer);
    return httpRpc(node.url, limits);
  }

  const result = (body: string, value: unknown): string =>
    JSON.stringify({ jsonrpc: '2.0', id: callOf(body).id, result: value });

  it('returns the result', async () => {
    const rpc = await rpcTo((body, response) => response.end(result(body, '0x1')));
    expect(await rpc.send('eth_chainId', [])).to.equal('0x1');
    expect(JSON.parse(node?.bodies[0] ?? '')).to.include({ jsonrpc: '2.0', method: 'eth_chainId' });
  });

  it('accepts the chain it expects and names both when it finds another', async () => {
    const rpc = await rpcTo((body, response) => response.end(result(body, '0x3e9')));
    await requireChainId(rpc, 1001);
    const error = await failureOf(requireChainId(rpc, 1002));
    expect(error.code).to.equal('WrongChain');
    expect(error.facts).to.include({ found: 1001n, expected: 1002 });
    expect(error.retryable).to.equal(false);
  });

  it('says that a chain is unreachable, and that trying again may help', async () => {
    const rpc = await rpcTo(() => undefined);
    await node?.close();
    const error = await failureOf(rpc.send('eth_chainId', []));
    expect(error).to.include({ code: 'ChainUnreachable', retryable: true });
    expect(error.facts['reason']).to.equal('ECONNREFUSED');
  });

  const broken: readonly (readonly [string, string])[] = [
    ['an HTML page', '<html><body>It works!</body></html>'],
    ['truncated JSON', '{"jsonrpc":"2.0","id":1,"res'],
    ['an empty body', ''],
    ['the id of another question', '{"jsonrpc":"2.0","id":99,"result":"0x1"}'],
    ['another protocol', '{"jsonrpc":"1.0","id":1,"result":"0x1"}'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1}'],
    ['a list for one question', '[]'],
    ['null', 'null'],
  ];
  for (const [what, text] of broken) {
    it(`refuses ${what}`, async () => {
      const rpc = await rpcTo((_, response) => response.end(text));
      expect(await failureOf(rpc.send('eth_chainId', []))).to.include({ code: 'RpcMalformed' });
    });
  }

  it('names the method that the node refused and keeps the data of a revert', async () => {
    const rpc = await rpcTo((body, response) => {
      const error = { code: 3, message: 'execution reverted', data: '0xABCDEF01' };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: callOf(body).id, error }));
    });
    const error = await failureOf(rpc.send('eth_call', []));
    expect(error.code).to.equal('RpcFailed');
    expect(error.facts).to.include({ method: 'eth_call', rpcCode: 3 });
    expect(error.message).not.to.contain('abcdef01');
    expect(revertDataOf(error)).to.equal('0xabcdef01');
  });

  it('reads a JSON-RPC error behind a status that is none of success', async () => {
    const rpc = await rpcTo((body, response) => {
      response.statusCode = 400;
      const error = { code: -32601, message: 'no such method' };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: callOf(body).id, error }));
    });
    expect(await failureOf(rpc.send('eth_nope', []))).to.include({ code: 'RpcFailed' });
  });

  for (const [status, retryable] of [
    [429, true],
    [503, true],
    [404, false],
    [401, false],
  ] as const) {
    it(`says with status ${status} whether trying again helps`, async () => {
      const rpc = await rpcTo((_, response) => {
        response.writeHead(status, { 'retry-after': '7' }).end('<html>no</html>');
      });
      const error = await failureOf(rpc.send('eth_chainId', []));
      expect(error).to.include({ code: 'ChainUnreachable', retryable });
      expect(error.facts).to.include({ status, retryAfter: '7' });
    });
  }

  it('follows no redirect', async () => {
    const other = await standIn((body, response) => response.end(result(body, '0x1')));
    elsewhere = other;
    const rpc = await rpcTo((_, response) => {
      response.writeHead(307, { location: other.url }).end();
    });
    expect(await failureOf(rpc.send('eth_chainId', []))).to.include({ code: 'ChainUnreachable' });
    expect(node?.bodies).to.have.length(1);
    expect(other.bodies).to.deep.equal([]);
  });

  it('gives up a node that does not answer in time', async () => {
    const rpc = await rpcTo(() => undefined, { timeoutMs: 50 });
    const error = await failureOf(rpc.send('eth_chainId', []));
    expect(error).to.include({ code: 'ChainUnreachable', retryable: true });
    expect(error.facts['reason']).to.equal('timeout');
  });

  it('gives up a node that stops in the middle of its answer', async () => {
    const rpc = await rpcTo(
      (_, response) => {
        response.write('{"jsonrpc":');
      },
      { timeoutMs: 50 },
    );
    const error = await failureOf(rpc.send('eth_chainId', []));
    expect(error.facts['reason']).to.equal('timeout');
  });

  it('says that the connection broke in the middle of an answer', async () => {
    const rpc = await rpcTo((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"jsonrpc":', () => response.destroy());
    });
    expect(await failureOf(rpc.send('eth_chainId', []))).to.include({ code: 'ChainUnreachable' });
  });

  it('reads no answer beyond its limit', async () => {
    const rpc = await rpcTo((body, response) => response.end(result(body, 'x'.repeat(5_000))), {
      maxBytes: 1_000,
    });
    expect(await failureOf(rpc.send('eth_getLogs', []))).to.include({ code: 'RpcAnswerTooLarge' });
  });

  it('asks once more when an idle socket was closed, and only once', async () => {
    let drops = 1;
    const rpc = await rpcTo((body, response, request) => {
      if (drops-- > 0) request.socket.destroy();
      else response.end(result(body, '0x1'));
    });
    expect(await rpc.send('eth_chainId', [])).to.equal('0x1');
    drops = 2;
    expect(await failureOf(rpc.send('eth_chainId', []))).to.include({ code: 'ChainUnreachable' });
    expect(node?.bodies).to.have.length(4);
  });

  it('stops with the reason of the caller', async () => {
    const rpc = await rpcTo(() => undefined);
    const stop = new AbortController();
    const call = rpc.send('eth_chainId', [], { signal: stop.signal });
    stop.abort(new CarelatticeError('Stopping', 'the node stops'));
    expect(await failureOf(call)).to.include({ code: 'Stopping' });
  });

  it('puts the answers of a batch in the order of its questions', async () => {
    const rpc = await rpcTo((body, response) => {
      const calls = callsOf(body);
      const answers = calls.map(({ id, method }) => ({ jsonrpc: '2.0', id, result: method }));
      response.end(JSON.stringify(answers.reverse()));
    });
    const calls = ['a', 'b', 'c'].map((method) => ({ method, params: [] }));
    expect(await sendAll(rpc, calls)).to.deep.equal(['a', 'b', 'c']);
  });

  it('cuts a long batch and keeps refusals apart from answers', async () => {
    const rpc = await rpcTo(
      (body, response) => {
        const calls = callsOf(body);
        const answers = calls.map(({ id, method }) =>
          method === 'bad'
            ? { jsonrpc: '2.0', id, error: { code: -1, message: 'no' } }
            : { jsonrpc: '2.0', id, result: method },
        );
        response.end(JSON.stringify(answers));
      },
      { maxBatch: 2 },
    );
    const calls = ['a', 'bad', 'c'].map((method) => ({ method, params: [] }));
    const answers = await rpc.batch(calls);
    expect(node?.bodies).to.have.length(2);
    expect(answers.map(({ ok }) => ok)).to.deep.equal([true, false, true]);
    expect(await failureOf(sendAll(rpc, calls))).to.include({ code: 'RpcFailed' });
  });

  for (const [what, list] of [
    ['too few answers', [1]],
    ['an answer twice', [1, 1]],
    ['an answer to another question', [1, 7]],
  ] as const) {
    it(`refuses a batch with ${what}`, async () => {
      const rpc = await rpcTo((_, response) => {
        response.end(JSON.stringify(list.map((id) => ({ jsonrpc: '2.0', id, result: '0x' }))));
      });
      const calls = ['a', 'b'].map((method) => ({ method, params: [] }));
      expect(await failureOf(rpc.batch(calls))).to.include({ code: 'RpcMalformed' });
    });
  }

  for (const url of ['ftp://127.0.0.1', 'nonsense', 'http://me:secret@127.0.0.1:8545']) {
    it(`refuses the URL ${url.replace('secret', '…')} and does not print a password`, () => {
      try {
        httpRpc(url);
        expect.fail('accepted');
      } catch (error) {
        expect(error).to.include({ code: 'BadRpcUrl' });
        expect(String(error)).not.to.contain('secret');
      }
    });
  }

  it('prints no path of the URL, which may hold an access key', async () => {
    const rpc = httpRpc('http://127.0.0.1:1/v3/secret-key', { timeoutMs: 100 });
    const error = await failureOf(rpc.send('eth_chainId', []));
    expect(error.message).not.to.contain('secret-key');
  });
});

describe('JSON-RPC in process', () => {
  const refusing = providerRpc({
    request: () => Promise.reject(Object.assign(new Error('reverted'), { code: 3, data: '0x12' })),
  });

  it('gives the same errors as over HTTP', async () => {
    const error = await failureOf(refusing.send('eth_call', []));
    expect(error.code).to.equal('RpcFailed');
    expect(revertDataOf(error)).to.equal('0x12');
  });

  it('answers a batch call by call', async () => {
    const rpc = providerRpc({
      request: ({ method }) =>
        method === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve(method),
    });
    const answers = await rpc.batch(['a', 'bad'].map((method) => ({ method, params: [] })));
    expect(answers.map(({ ok }) => ok)).to.deep.equal([true, false]);
  });
});

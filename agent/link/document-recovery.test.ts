import { expect, it } from 'vitest';
import { createDocumentRecovery } from './document-recovery.ts';
import type { HttpResponse } from './http.ts';

const list = { version: 3, envelope: { payloadType: 'list', payload: 'bGlzdA==', signatures: [] } };

function recovery() {
  const requests: { readonly body: string; readonly respond: (answer: HttpResponse) => void }[] = [];
  const failures: unknown[] = [];
  const { send } = createDocumentRecovery({
    deviceUrl: () => 'wss://device.example:8443',
    http: () => (_url, request) =>
      new Promise((respond) => {
        requests.push({ body: String(request.body), respond });
      }),
    store: { approverSets: () => [], list: () => list, orders: () => [], record: () => null, ledger: () => null },
    onFailure: (error) => failures.push(error),
  });
  const respond = async (status: number) => {
    await expect.poll(() => requests.length).toBeGreaterThan(0);
    requests.shift()?.respond({ status, headers: {}, body: Buffer.from('') });
  };
  const listIn = () => JSON.parse(requests[0]?.body ?? '{}').list;
  return { send, respond, requests, listIn, failures };
}

it('sends one request for calls at the same time', async () => {
  const { send, respond, requests, listIn } = recovery();
  const results = [send(true), send(false), send(true)];
  await expect.poll(() => requests).toHaveLength(1);
  expect(listIn()).toEqual(list.envelope);
  await respond(200);
  expect(await Promise.all(results)).toEqual([true, true, true]);
  expect(requests).toEqual([]);
});

it('sends the documents after a running request without documents', async () => {
  const { send, respond, requests, listIn } = recovery();
  const first = send(false);
  const second = send(true);
  const third = send(true);
  await expect.poll(() => requests).toHaveLength(1);
  expect(listIn()).toBeNull();
  await respond(503);
  expect(await first).toBe(false);
  await expect.poll(() => requests).toHaveLength(1);
  expect(listIn()).toEqual(list.envelope);
  await respond(200);
  expect(await Promise.all([second, third])).toEqual([true, true]);
  expect(requests).toEqual([]);
});

it('sends again after the end of a request, and reports a failure', async () => {
  const { send, respond, requests, failures } = recovery();
  const first = send(true);
  await respond(503);
  expect(await first).toBe(false);
  expect(failures).toMatchObject([{ code: 'unavailable' }]);
  const second = send(true);
  await respond(200);
  expect(await second).toBe(true);
  expect(requests).toEqual([]);
});

/** Routes for packages of the organization: upload, signature, list and deletion. `POST /commands` installs them. */
import {
  type PackageView,
  packageList,
  packageParams,
  packageSignature,
  packageUpload,
  packageView,
} from '../../shared/api/packages.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import type { Packages } from '../packages/packages.ts';
import type { StoredPackage } from '../packages/ports.ts';
import { type Caller, Reply, type Route, route } from './route.ts';

export interface PackagesPorts {
  readonly packages: Pick<Packages, 'list' | 'get' | 'statement' | 'judged' | 'upload' | 'sign' | 'delete'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

export function packageRoutes({ packages, admins }: PackagesPorts): Route[] {
  async function viewsOf(all: readonly StoredPackage[], { account }: Caller): Promise<PackageView[]> {
    const judged = await packages.judged(all, account.person);
    const names = await admins.namesOf(new Set(judged.flatMap(({ signers }) => signers)));
    return judged.map(({ stored, obstacles, signers }) => {
      const { uploader: _, signer: __, ...view } = stored;
      const statement = packages.statement(stored);
      return { ...view, statement, obstacles, signers: signers.map((person) => names[person] ?? person).sort() };
    });
  }
  async function viewOf(stored: StoredPackage, caller: Caller): Promise<PackageView> {
    const [view] = await viewsOf([stored], caller);
    if (!view) throw new Error('a package has no view');
    return view;
  }
  return [
    route({
      name: 'packages.list',
      method: 'get',
      path: '/packages',
      summary: 'List the packages of the organization',
      response: packageList,
      async handler({ caller }) {
        const all = await packages.list();
        const accounts = all.flatMap(({ uploadedBy, signedBy }) =>
          signedBy === null ? [uploadedBy] : [uploadedBy, signedBy],
        );
        return { packages: await viewsOf(all, caller), people: await admins.namesOf(new Set(accounts)) };
      },
    }),
    route({
      name: 'packages.show',
      method: 'get',
      path: '/packages/:sha256',
      summary: 'Show a package of the organization',
      params: packageParams,
      response: packageView,
      handler: async ({ params, caller }) => viewOf(await packages.get(params.sha256), caller),
    }),
    route({
      name: 'packages.upload',
      method: 'post',
      path: '/packages',
      summary: 'Upload a package file (.deb or .rpm). No device installs it before an approver has signed it',
      query: packageUpload,
      response: packageView,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        const { id: account, person } = caller.account;
        const stored = await packages.upload(query, upload, { account, person });
        return new Reply(await viewOf(stored, caller), { status: 201 });
      },
    }),
    route({
      name: 'packages.sign',
      method: 'post',
      path: '/packages/:sha256/signature',
      summary: 'Sign a package with your approver key. Devices can then install it',
      params: packageParams,
      body: packageSignature,
      response: packageView,
      async handler({ params, body, caller }) {
        const { id: account, person } = caller.account;
        return viewOf(await packages.sign(params.sha256, body, { account, person }), caller);
      },
    }),
    route({
      name: 'packages.delete',
      method: 'delete',
      path: '/packages/:sha256',
      summary: 'Delete a package. Devices that have installed it keep it',
      params: packageParams,
      response: done,
      async handler({ params }) {
        await packages.delete(params.sha256);
        return DONE;
      },
    }),
  ];
}

/** Routes for files of devices. The commands `push-file` and `fetch-file` send and fetch them. */
import { deviceParams } from '../../shared/api/devices.ts';
import {
  fetchedFileList,
  fetchedFileParams,
  fileList,
  fileParams,
  fileUpload,
  fileView,
} from '../../shared/api/files.ts';
import { DONE, done, nothing } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import type { Devices } from '../devices/devices.ts';
import { FETCHED_DAYS, type Files } from '../files/files.ts';
import { BytesReply, Reply, type Route, route } from './route.ts';

export interface FilesPorts {
  readonly files: Pick<Files, 'list' | 'upload' | 'delete' | 'received' | 'receivedFile'>;
  readonly devices: Pick<Devices, 'get'>;
  readonly admins: Pick<Admins, 'namesOf'>;
}

const DAY = 86_400_000;

export function fileRoutes({ files, devices, admins }: FilesPorts): Route[] {
  return [
    route({
      name: 'files.list',
      method: 'get',
      path: '/files',
      summary: 'List the files that are ready for devices',
      response: fileList,
      async handler() {
        const all = await files.list();
        return { files: all, people: await admins.namesOf(new Set(all.map(({ uploadedBy }) => uploadedBy))) };
      },
    }),
    route({
      name: 'files.upload',
      method: 'post',
      path: '/files',
      summary: 'Upload a file for devices. The command "push-file" sends it',
      query: fileUpload,
      response: fileView,
      statuses: [201],
      raw: 'upload',
      async handler({ query, upload, caller }) {
        return new Reply(await files.upload(query, upload, caller.account.id), { status: 201 });
      },
    }),
    route({
      name: 'files.delete',
      method: 'delete',
      path: '/files/:sha256',
      summary: 'Delete a file from the server. Devices that have received it keep it',
      params: fileParams,
      response: done,
      async handler({ params }) {
        await files.delete(params.sha256);
        return DONE;
      },
    }),
    route({
      name: 'fetched-files.list',
      method: 'get',
      path: '/devices/:id/fetched-files',
      summary: 'List the files that were fetched from a device, newest first',
      params: deviceParams,
      response: fetchedFileList,
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const received = await files.received(id);
        return { files: received.map((file) => ({ ...file, deletedAt: file.at + FETCHED_DAYS * DAY })) };
      },
    }),
    route({
      name: 'fetched-files.download',
      method: 'get',
      path: '/devices/:id/fetched-files/:command',
      summary: 'Download a file that was fetched from a device',
      params: fetchedFileParams,
      response: nothing,
      raw: 'download',
      async handler({ params, scope }) {
        const { id } = await devices.get(params.id, scope.devices);
        const { name, bytes } = await files.receivedFile(id, params.command);
        return new BytesReply(bytes, name, 'application/octet-stream');
      },
    }),
  ];
}

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../api/client';
import { queries } from '../api/queries';
import type { Model, Shape, Upload } from '../api/types';
import { bring, freeRole, type Role } from './showing';
import { setDraft } from './store';

/** A file on its way, or one that was not taken. */
export interface Arrival {
  key: string;
  name: string;
  /** Object URL of the file while it travels. */
  view: string;
  fault: string | null;
}

/** Puts a picture into the draft. A new start gives the pictures its own shape. */
export function show(picture: { id: string; width: number; height: number }, model: Model, role?: Role) {
  setDraft((d) => {
    const as = role ?? freeRole(d, model);
    if (!as) return d;
    const next = { ...d, ...bring(d, picture, as, model) };
    return as === 'start' ? { ...next, width: null, height: null } : next;
  });
}

/** Files from a chooser, a drop or the clipboard: each is uploaded and then shown to the model. */
export function useBring(model: Model | undefined) {
  const client = useQueryClient();
  const [arrivals, setArrivals] = useState<Arrival[]>([]);
  const upload = useMutation({ mutationFn: ({ file }: { file: Blob }) => api.upload(file) });

  const leave = (key: string) =>
    setArrivals((list) => {
      const gone = list.find((a) => a.key === key);
      if (gone) URL.revokeObjectURL(gone.view);
      return list.filter((a) => a.key !== key);
    });

  const one = async (file: File, role?: Role) => {
    if (!model) return;
    const key = crypto.randomUUID();
    setArrivals((list) => [...list, { key, name: file.name, view: URL.createObjectURL(file), fault: null }]);
    try {
      const up = await upload.mutateAsync({ file });
      client.setQueryData<Shape>(queries.picture(up.id).queryKey, shapeOf(up));
      void client.invalidateQueries({ queryKey: queries.uploads().queryKey });
      show(up, model, role);
      leave(key);
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      setArrivals((list) => list.map((a) => (a.key === key ? { ...a, fault } : a)));
    }
  };

  return {
    arrivals,
    dismiss: leave,
    /** One after the other, so that the first becomes the start. */
    bring: async (files: Iterable<File>, role?: Role) => {
      for (const file of files) await one(file, role);
    },
  };
}

export type Bringing = ReturnType<typeof useBring>;

const shapeOf = (up: Upload): Shape => ({ ...up, origin: 'upload' });

/** The pictures among what is dragged or pasted. */
export const imageFiles = (from: DataTransfer | null): File[] =>
  Array.from(from?.files ?? []).filter((f) => f.type.startsWith('image/'));

// The definition of the kind in which inventories are kept, for those who bring no files along.
// `deploy/crds` holds the same for people; a test keeps both equal.

import type { KubeObject } from '@weir/core';

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

export const inventoryDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'inventories.weir.dev', labels: { 'app.kubernetes.io/managed-by': 'weir' } },
  spec: {
    group: 'weir.dev',
    scope: 'Namespaced',
    names: {
      kind: 'Inventory',
      listKind: 'InventoryList',
      plural: 'inventories',
      singular: 'inventory',
      categories: ['weir'],
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: [
          { name: 'Delivery', type: 'string', jsonPath: '.spec.delivery' },
          { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster' },
          { name: 'Shard', type: 'integer', jsonPath: '.spec.shard' },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            ...open,
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: {
                ...open,
                properties: {
                  delivery: {
                    description: 'Id of the delivery, as dialect:Kind:namespace/name',
                    type: 'string',
                  },
                  cluster: { description: 'Name of the cluster', type: 'string' },
                  shard: {
                    description: 'Number of this part; a large delivery has several',
                    type: 'integer',
                  },
                  epoch: {
                    description:
                      'Of the claim on the cluster under which this was written; nobody with an earlier one writes here',
                    type: 'integer',
                  },
                  entries: {
                    description: 'The journal of membership',
                    type: 'array',
                    'x-kubernetes-list-type': 'atomic',
                    items: open,
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};

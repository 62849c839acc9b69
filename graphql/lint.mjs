// Where the schema and the operations differ from the rules of graphql-eslint, and why.
// tests/foreign/graphql/lint.mjs runs them: `recommended` and Relay for the schema,
// `operations-recommended` for the operations.

/** Types without an `id`: parts of something that has one, or of an answer. */
const parts = [
  // of an event
  'Actor', 'Subject', 'Target', 'Change', 'Client', 'Device', 'Geo', 'Session', 'RequestContext',
  'Outcome', 'Justification',
  // of a profile
  'Sightings', 'SeenDevice', 'SeenPlace', 'SeenSession', 'AccessedBy', 'DataViewer', 'AccessPurpose',
  // of the catalogue, where the name is what tells types apart
  'EventType',
  // of statistics and of the history of a target
  'Facet', 'FacetValue', 'Histogram', 'HistogramBucket', 'Suggestions', 'Completions', 'Completion', 'TargetValues', 'FieldChange',
  // of a comparison of two periods
  'Comparison', 'Period', 'ComparedValues', 'ComparedValue',
  // of what was found on a page
  'AuditEventHighlight', 'HighlightRange',
  // of what proves that nothing was changed
  'Integrity', 'TreeShard', 'InclusionProof', 'SelfAudit',
  // of notification rules, and of what people wish to be told
  'NotificationDedupe', 'NotificationThrottle', 'NotificationReach', 'NotificationRulePreview',
  'NotificationPreferences', 'NotificationChoice', 'QuietHours', 'PersonNotificationPreferences',
  'TenantNotificationPreferences',
  // of a message on its way out
  'DeliveryAttempt',
  // of what is kept and what is forgotten
  'Decision', 'Retention', 'RetentionRule', 'RetentionClass', 'RetentionJob', 'RetentionSimulation', 'RetentionRun',
  // of an answer
  'ArchiveLookup',
  'SearchIndexRebuild', 'PageInfo', 'UserError', 'AcceptedEvent', 'QuarantinedError',
];

export const schemaRules = {
  '@graphql-eslint/strict-id-in-types': ['error', {
    exceptions: { types: parts, suffixes: ['Payload', 'Connection', 'Edge', 'Batch', 'Count', 'Statistics'] },
  }],
  // There are lists of parts, and connections have `nodes` beside `edges`. There is no `node(id)`:
  // an id is that of an event of the caller's tenant, and `auditEvent(id)` finds it.
  '@graphql-eslint/relay-edge-types': ['error', {
    withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false,
  }],
  // Inboxes and histories of a person go one way, from the newest on.
  '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],
  // `EventType` and `TypeCount` are about types of events, which is what the catalogue calls them.
  '@graphql-eslint/naming-convention': ['error', {
    types: 'PascalCase',
    FieldDefinition: 'camelCase',
    InputValueDefinition: 'camelCase',
    Argument: 'camelCase',
    DirectiveDefinition: 'camelCase',
    EnumValueDefinition: 'UPPER_CASE',
    'FieldDefinition[parent.name.value=Query]': {
      forbiddenPrefixes: ['query', 'get'], forbiddenSuffixes: ['Query'],
    },
    'FieldDefinition[parent.name.value=Mutation]': {
      forbiddenPrefixes: ['mutation'], forbiddenSuffixes: ['Mutation'],
    },
    'FieldDefinition[parent.name.value=Subscription]': {
      forbiddenPrefixes: ['subscription'], forbiddenSuffixes: ['Subscription'],
    },
    'EnumTypeDefinition,EnumTypeExtension': { forbiddenPrefixes: ['Enum'], forbiddenSuffixes: ['Enum'] },
    'ObjectTypeDefinition,ObjectTypeExtension': {
      forbiddenPrefixes: ['Type'], forbiddenSuffixes: ['Type'], ignorePattern: '^(EventType|TypeCount)$',
    },
  }],
};

export const operationRules = {};

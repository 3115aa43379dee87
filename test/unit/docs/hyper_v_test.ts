/**
 * docs/HYPER-V.md names every cmdlet of Hyper-V Replica, every parameter of it that says something of replication, and
 * every method of its WMI service: who comes from there finds the verb, or why there is none.
 *
 * @module
 */

import { deepEqual } from "node:assert/strict";

const CMDLETS: Readonly<Record<string, string>> = {
  "Enable-VMReplication":
    "ReplicaServerName ReplicaServerPort AuthenticationType CertificateThumbprint CompressionEnabled " +
    "ReplicateHostKvpItems BypassProxyServer EnableWriteOrderPreservationAcrossDisks VSSSnapshotFrequencyHour " +
    "RecoveryHistory ReplicationFrequencySec ExcludedVhd ExcludedVhdPath AutoResynchronizeEnabled " +
    "AutoResynchronizeIntervalStart AutoResynchronizeIntervalEnd AsReplica AllowedPrimaryServer",
  "Set-VMReplication":
    "ReplicatedDisks ReplicatedDiskPaths Reverse UseBackup InitialReplicationStartTime " +
    "DisableVSSSnapshotReplication",
  "Start-VMInitialReplication": "InitialReplicationStartTime DestinationPath UseBackup",
  "Stop-VMInitialReplication": "",
  "Import-VMInitialReplication": "Path",
  "Get-VMReplication":
    "ReplicaServerName PrimaryServerName ReplicationState ReplicationHealth ReplicationMode " +
    "ReplicationRelationshipType TrustGroup",
  "Measure-VMReplication": "",
  "Reset-VMReplicationStatistics": "",
  "Suspend-VMReplication": "",
  "Resume-VMReplication": "Resynchronize ResynchronizeStartTime Continue",
  "Remove-VMReplication": "",
  "Start-VMFailover": "Prepare AsTest VMRecoverySnapshot",
  "Stop-VMFailover": "",
  "Complete-VMFailover": "",
  "Get-VMSnapshot": "SnapshotType",
  "Set-VMReplicationServer":
    "ReplicationEnabled AllowedAuthenticationType ReplicationAllowedFromAnyServer DefaultStorageLocation " +
    "CertificateThumbprint KerberosAuthenticationPort CertificateAuthenticationPort " +
    "KerberosAuthenticationPortMapping CertificateAuthenticationPortMapping MonitoringInterval " +
    "MonitoringStartTime Force",
  "Get-VMReplicationServer": "",
  "New-VMReplicationAuthorizationEntry": "AllowedPrimaryServer ReplicaStorageLocation TrustGroup",
  "Set-VMReplicationAuthorizationEntry": "",
  "Remove-VMReplicationAuthorizationEntry": "",
  "Get-VMReplicationAuthorizationEntry": "",
  "Test-VMReplicationConnection": "",
  "Set-VMNetworkAdapterFailoverConfiguration":
    "ClearFailoverIPv4Settings ClearFailoverIPv6Settings",
  "Get-VMNetworkAdapterFailoverConfiguration": "",
  "Set-VMNetworkAdapter": "TestReplicaSwitchName",
  "Resize-VHD": "",
};
/** Of nearly every cmdlet. */
const EVERYWHERE =
  "ComputerName CimSession Credential AsJob Passthru WhatIf Confirm VMName VM VMReplication";
const METHODS =
  "AddAuthorizationEntry ChangeReplicationModeToPrimary CommitFailover CreateReplicationRelationship " +
  "GetReplicationStatistics GetReplicationStatisticsEx GetSystemCertificates ImportInitialReplica InitiateFailback " +
  "InitiateFailover ModifyAuthorizationEntry ModifyReplicationSettings ModifyServiceSettings " +
  "RemoveAuthorizationEntry RemoveReplicationRelationship RemoveReplicationRelationshipEx RequestStateChange " +
  "ResetReplicationStatistics ResetReplicationStatisticsEx Resynchronize ReverseReplicationRelationship " +
  "RevertFailover SetAuthorizationEntry SetFailoverNetworkAdapterSettings StartReplication StartService StopService " +
  "TestReplicaSystem TestReplicationConnection";

Deno.test("every cmdlet, parameter and method of Hyper-V Replica stands in the page that maps them", () => {
  const page = Deno.readTextFileSync(new URL("../../../docs/HYPER-V.md", import.meta.url));
  const code = [...page.matchAll(/`([^`]+)`/g)].flatMap(([, text]) =>
    (text as string).split(/[ ,]+/)
  );
  const named = new Set(code);
  const words = (text: string) => text.split(" ").filter((word) => word !== "");
  const wanted = [
    ...Object.keys(CMDLETS),
    ...[...Object.values(CMDLETS), EVERYWHERE].flatMap(words).map((name) => `-${name}`),
    ...words(METHODS),
  ];
  deepEqual(wanted.filter((name) => !named.has(name)), []);
});

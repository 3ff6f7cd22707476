/// The types of the built-in kinds, one a line: their members in order, each with its type.
///
/// `*T` may be absent, `[T]` is a list, `{T}` a map. `!` marks a member that is written even when it is empty. `@key` marks a list
/// whose elements a strategic merge patch tells apart by that member, a lone `@` one of values that it takes for a set, and `^` an object
/// of which it keeps only what it names.
///
/// - SeeAlso: `k8s.io/api` v0.30 and `k8s.io/apimachinery`, whose Go types and tags stand here.
let builtInTypeTable = """
    AWSElasticBlockStoreVolumeSource volumeID:string! fsType:string partition:int32 readOnly:bool
    Affinity nodeAffinity:*NodeAffinity podAffinity:*PodAffinity podAntiAffinity:*PodAntiAffinity
    AppArmorProfile type:string! localhostProfile:*string
    AzureDiskVolumeSource diskName:string! diskURI:string! cachingMode:*string fsType:*string readOnly:*bool kind:*string
    AzureFileVolumeSource secretName:string! shareName:string! readOnly:bool
    CSIVolumeSource driver:string! readOnly:*bool fsType:*string volumeAttributes:{string}
      nodePublishSecretRef:*LocalObjectReference
    Capabilities add:[string] drop:[string]
    CephFSVolumeSource monitors:[string]! path:string user:string secretFile:string secretRef:*LocalObjectReference readOnly:bool
    CinderVolumeSource volumeID:string! fsType:string readOnly:bool secretRef:*LocalObjectReference
    ClaimSource resourceClaimName:*string resourceClaimTemplateName:*string
    ClientIPConfig timeoutSeconds:*int32
    ClusterTrustBundleProjection name:*string signerName:*string labelSelector:*LabelSelector optional:*bool path:string!
    Condition type:string! status:string! observedGeneration:int64 lastTransitionTime:Time! reason:string! message:string!
    ConfigMap metadata:ObjectMeta immutable:*bool data:{string} binaryData:{bytes}
    ConfigMapEnvSource name:string optional:*bool
    ConfigMapKeySelector name:string key:string! optional:*bool
    ConfigMapProjection name:string items:[KeyToPath] optional:*bool
    ConfigMapVolumeSource name:string items:[KeyToPath] defaultMode:*int32 optional:*bool
    Container name:string! image:string command:[string] args:[string] workingDir:string ports:[ContainerPort]@containerPort
      envFrom:[EnvFromSource] env:[EnvVar]@name resources:ResourceRequirements resizePolicy:[ContainerResizePolicy]
      restartPolicy:*string volumeMounts:[VolumeMount]@mountPath volumeDevices:[VolumeDevice]@devicePath livenessProbe:*Probe
      readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle terminationMessagePath:string terminationMessagePolicy:string
      imagePullPolicy:string securityContext:*SecurityContext stdin:bool stdinOnce:bool tty:bool
    ContainerPort name:string hostPort:int32 containerPort:int32! protocol:string hostIP:string
    ContainerResizePolicy resourceName:string! restartPolicy:string!
    ContainerState waiting:*ContainerStateWaiting running:*ContainerStateRunning terminated:*ContainerStateTerminated
    ContainerStateRunning startedAt:Time
    ContainerStateTerminated exitCode:int32! signal:int32 reason:string message:string startedAt:Time finishedAt:Time
      containerID:string
    ContainerStateWaiting reason:string message:string
    ContainerStatus name:string! state:ContainerState lastState:ContainerState ready:bool! restartCount:int32! image:string!
      imageID:string! containerID:string started:*bool allocatedResources:{Quantity} resources:*ResourceRequirements
      volumeMounts:[VolumeMountStatus]@mountPath
    Deployment metadata:ObjectMeta spec:DeploymentSpec status:DeploymentStatus
    DeploymentCondition type:string! status:string! lastUpdateTime:Time lastTransitionTime:Time reason:string message:string
    DeploymentSpec replicas:*int32 selector:*LabelSelector! template:PodTemplateSpec! strategy:DeploymentStrategy^
      minReadySeconds:int32 revisionHistoryLimit:*int32 paused:bool progressDeadlineSeconds:*int32
    DeploymentStatus observedGeneration:int64 replicas:int32 updatedReplicas:int32 readyReplicas:int32 availableReplicas:int32
      unavailableReplicas:int32 conditions:[DeploymentCondition]@type collisionCount:*int32
    DeploymentStrategy type:string rollingUpdate:*RollingUpdateDeployment
    DiscoveryEndpointPort name:*string protocol:*string port:*int32 appProtocol:*string
    DownwardAPIProjection items:[DownwardAPIVolumeFile]
    DownwardAPIVolumeFile path:string! fieldRef:*ObjectFieldSelector resourceFieldRef:*ResourceFieldSelector mode:*int32
    DownwardAPIVolumeSource items:[DownwardAPIVolumeFile] defaultMode:*int32
    EmptyDirVolumeSource medium:string sizeLimit:*Quantity
    Endpoint addresses:[string]! conditions:EndpointConditions hostname:*string targetRef:*ObjectReference
      deprecatedTopology:{string} nodeName:*string zone:*string hints:*EndpointHints
    EndpointConditions ready:*bool serving:*bool terminating:*bool
    EndpointHints forZones:[ForZone]
    EndpointSlice metadata:ObjectMeta addressType:string! endpoints:[Endpoint]! ports:[DiscoveryEndpointPort]!
    EnvFromSource prefix:string configMapRef:*ConfigMapEnvSource secretRef:*SecretEnvSource
    EnvVar name:string! value:string valueFrom:*EnvVarSource
    EnvVarSource fieldRef:*ObjectFieldSelector resourceFieldRef:*ResourceFieldSelector configMapKeyRef:*ConfigMapKeySelector
      secretKeyRef:*SecretKeySelector
    EphemeralContainer name:string! image:string command:[string] args:[string] workingDir:string
      ports:[ContainerPort]@containerPort envFrom:[EnvFromSource] env:[EnvVar]@name resources:ResourceRequirements
      resizePolicy:[ContainerResizePolicy] restartPolicy:*string volumeMounts:[VolumeMount]@mountPath
      volumeDevices:[VolumeDevice]@devicePath livenessProbe:*Probe readinessProbe:*Probe startupProbe:*Probe lifecycle:*Lifecycle
      terminationMessagePath:string terminationMessagePolicy:string imagePullPolicy:string securityContext:*SecurityContext
      stdin:bool stdinOnce:bool tty:bool targetContainerName:string
    EphemeralVolumeSource volumeClaimTemplate:*PersistentVolumeClaimTemplate
    Event metadata:ObjectMeta involvedObject:ObjectReference! reason:string message:string source:EventSource firstTimestamp:Time
      lastTimestamp:Time count:int32 type:string eventTime:MicroTime series:*EventSeries action:string related:*ObjectReference
      reportingComponent:string! reportingInstance:string!
    EventSeries count:int32 lastObservedTime:MicroTime
    EventSource component:string host:string
    EventsEvent metadata:ObjectMeta eventTime:MicroTime! series:*EventsEventSeries reportingController:string
      reportingInstance:string action:string reason:string regarding:ObjectReference related:*ObjectReference note:string
      type:string deprecatedSource:EventSource deprecatedFirstTimestamp:Time deprecatedLastTimestamp:Time deprecatedCount:int32
    EventsEventSeries count:int32! lastObservedTime:MicroTime!
    ExecAction command:[string]
    FCVolumeSource targetWWNs:[string] lun:*int32 fsType:string readOnly:bool wwids:[string]
    FlexVolumeSource driver:string! fsType:string secretRef:*LocalObjectReference readOnly:bool options:{string}
    FlockerVolumeSource datasetName:string datasetUUID:string
    ForZone name:string!
    GCEPersistentDiskVolumeSource pdName:string! fsType:string partition:int32 readOnly:bool
    GRPCAction port:int32! service:*string!
    GitRepoVolumeSource repository:string! revision:string directory:string
    GlusterfsVolumeSource endpoints:string! path:string! readOnly:bool
    HTTPGetAction path:string port:IntOrString! host:string scheme:string httpHeaders:[HTTPHeader]
    HTTPHeader name:string! value:string!
    HostAlias ip:string hostnames:[string]
    HostIP ip:string
    HostPathVolumeSource path:string! type:*string
    ISCSIVolumeSource targetPortal:string! iqn:string! lun:int32! iscsiInterface:string fsType:string readOnly:bool portals:[string]
      chapAuthDiscovery:bool chapAuthSession:bool secretRef:*LocalObjectReference initiatorName:*string
    Job metadata:ObjectMeta spec:JobSpec status:JobStatus
    JobCondition type:string! status:string! lastProbeTime:Time lastTransitionTime:Time reason:string message:string
    JobSpec parallelism:*int32 completions:*int32 activeDeadlineSeconds:*int64 podFailurePolicy:*PodFailurePolicy
      successPolicy:*SuccessPolicy backoffLimit:*int32 backoffLimitPerIndex:*int32 maxFailedIndexes:*int32 selector:*LabelSelector
      manualSelector:*bool template:PodTemplateSpec! ttlSecondsAfterFinished:*int32 completionMode:*string suspend:*bool
      podReplacementPolicy:*string managedBy:*string
    JobStatus conditions:[JobCondition]@type startTime:*Time completionTime:*Time active:int32 succeeded:int32 failed:int32
      terminating:*int32 completedIndexes:string failedIndexes:*string uncountedTerminatedPods:*UncountedTerminatedPods ready:*int32
    KeyToPath key:string! path:string! mode:*int32
    LabelSelector matchLabels:{string} matchExpressions:[LabelSelectorRequirement]
    LabelSelectorRequirement key:string! operator:string! values:[string]
    Lease metadata:ObjectMeta spec:LeaseSpec
    LeaseSpec holderIdentity:*string leaseDurationSeconds:*int32 acquireTime:*MicroTime renewTime:*MicroTime leaseTransitions:*int32
    Lifecycle postStart:*LifecycleHandler preStop:*LifecycleHandler
    LifecycleHandler exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction sleep:*SleepAction
    LoadBalancerIngress ip:string hostname:string ipMode:*string ports:[PortStatus]
    LoadBalancerStatus ingress:[LoadBalancerIngress]
    LocalObjectReference name:string
    NFSVolumeSource server:string! path:string! readOnly:bool
    Namespace metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus
    NamespaceCondition type:string! status:string! lastTransitionTime:Time reason:string message:string
    NamespaceSpec finalizers:[string]
    NamespaceStatus phase:string conditions:[NamespaceCondition]@type
    NodeAffinity requiredDuringSchedulingIgnoredDuringExecution:*NodeSelector
      preferredDuringSchedulingIgnoredDuringExecution:[PreferredSchedulingTerm]
    NodeSelector nodeSelectorTerms:[NodeSelectorTerm]!
    NodeSelectorRequirement key:string! operator:string! values:[string]
    NodeSelectorTerm matchExpressions:[NodeSelectorRequirement] matchFields:[NodeSelectorRequirement]
    ObjectFieldSelector apiVersion:string fieldPath:string!
    ObjectMeta name:string generateName:string namespace:string selfLink:dropped uid:string resourceVersion:string generation:int64
      creationTimestamp:Time deletionTimestamp:*Time deletionGracePeriodSeconds:*int64 labels:{string} annotations:{string}
      ownerReferences:[OwnerReference]@uid finalizers:[string]@ managedFields:dropped
    ObjectReference kind:string namespace:string name:string uid:string apiVersion:string resourceVersion:string fieldPath:string
    OwnerReference apiVersion:string! kind:string! name:string! uid:string! controller:*bool blockOwnerDeletion:*bool
    PersistentVolumeClaimSpec accessModes:[string] selector:*LabelSelector resources:VolumeResourceRequirements volumeName:string
      storageClassName:*string volumeMode:*string dataSource:*TypedLocalObjectReference dataSourceRef:*TypedObjectReference
      volumeAttributesClassName:*string
    PersistentVolumeClaimTemplate metadata:ObjectMeta spec:PersistentVolumeClaimSpec!
    PersistentVolumeClaimVolumeSource claimName:string! readOnly:bool
    PhotonPersistentDiskVolumeSource pdID:string! fsType:string
    Pod metadata:ObjectMeta spec:PodSpec status:PodStatus
    PodAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
      preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
    PodAffinityTerm labelSelector:*LabelSelector namespaces:[string] topologyKey:string! namespaceSelector:*LabelSelector
      matchLabelKeys:[string] mismatchLabelKeys:[string]
    PodAntiAffinity requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
      preferredDuringSchedulingIgnoredDuringExecution:[WeightedPodAffinityTerm]
    PodCondition type:string! status:string! lastProbeTime:Time lastTransitionTime:Time reason:string message:string
    PodDNSConfig nameservers:[string] searches:[string] options:[PodDNSConfigOption]
    PodDNSConfigOption name:string value:*string
    PodFailurePolicy rules:[PodFailurePolicyRule]!
    PodFailurePolicyOnExitCodesRequirement containerName:*string! operator:string! values:[int32]!
    PodFailurePolicyOnPodConditionsPattern type:string! status:string!
    PodFailurePolicyRule action:string! onExitCodes:*PodFailurePolicyOnExitCodesRequirement!
      onPodConditions:[PodFailurePolicyOnPodConditionsPattern]!
    PodIP ip:string
    PodOS name:string!
    PodReadinessGate conditionType:string!
    PodResourceClaim name:string! source:ClaimSource
    PodResourceClaimStatus name:string! resourceClaimName:*string
    PodSchedulingGate name:string!
    PodSecurityContext seLinuxOptions:*SELinuxOptions windowsOptions:*WindowsSecurityContextOptions runAsUser:*int64
      runAsGroup:*int64 runAsNonRoot:*bool supplementalGroups:[int64] fsGroup:*int64 sysctls:[Sysctl] fsGroupChangePolicy:*string
      seccompProfile:*SeccompProfile appArmorProfile:*AppArmorProfile
    PodSpec volumes:[Volume]@name^ initContainers:[Container]@name containers:[Container]!@name
      ephemeralContainers:[EphemeralContainer]@name restartPolicy:string terminationGracePeriodSeconds:*int64
      activeDeadlineSeconds:*int64 dnsPolicy:string nodeSelector:{string} serviceAccountName:string serviceAccount:string
      automountServiceAccountToken:*bool nodeName:string hostNetwork:bool hostPID:bool hostIPC:bool shareProcessNamespace:*bool
      securityContext:*PodSecurityContext imagePullSecrets:[LocalObjectReference]@name hostname:string subdomain:string
      affinity:*Affinity schedulerName:string tolerations:[Toleration] hostAliases:[HostAlias]@ip priorityClassName:string
      priority:*int32 dnsConfig:*PodDNSConfig readinessGates:[PodReadinessGate] runtimeClassName:*string enableServiceLinks:*bool
      preemptionPolicy:*string overhead:{Quantity} topologySpreadConstraints:[TopologySpreadConstraint]@topologyKey
      setHostnameAsFQDN:*bool os:*PodOS hostUsers:*bool schedulingGates:[PodSchedulingGate]@name
      resourceClaims:[PodResourceClaim]@name
    PodStatus phase:string conditions:[PodCondition]@type message:string reason:string nominatedNodeName:string hostIP:string
      hostIPs:[HostIP]@ip podIP:string podIPs:[PodIP]@ip startTime:*Time initContainerStatuses:[ContainerStatus]
      containerStatuses:[ContainerStatus] qosClass:string ephemeralContainerStatuses:[ContainerStatus] resize:string
      resourceClaimStatuses:[PodResourceClaimStatus]@name
    PodTemplateSpec metadata:ObjectMeta spec:PodSpec
    PortStatus port:int32! protocol:string! error:*string
    PortworxVolumeSource volumeID:string! fsType:string readOnly:bool
    PreferredSchedulingTerm weight:int32! preference:NodeSelectorTerm!
    Probe exec:*ExecAction httpGet:*HTTPGetAction tcpSocket:*TCPSocketAction grpc:*GRPCAction initialDelaySeconds:int32
      timeoutSeconds:int32 periodSeconds:int32 successThreshold:int32 failureThreshold:int32 terminationGracePeriodSeconds:*int64
    ProjectedVolumeSource sources:[VolumeProjection]! defaultMode:*int32
    QuobyteVolumeSource registry:string! volume:string! readOnly:bool user:string group:string tenant:string
    RBDVolumeSource monitors:[string]! image:string! fsType:string pool:string user:string keyring:string
      secretRef:*LocalObjectReference readOnly:bool
    ReplicaSet metadata:ObjectMeta spec:ReplicaSetSpec status:ReplicaSetStatus
    ReplicaSetCondition type:string! status:string! lastTransitionTime:Time reason:string message:string
    ReplicaSetSpec replicas:*int32 minReadySeconds:int32 selector:*LabelSelector! template:PodTemplateSpec
    ReplicaSetStatus replicas:int32! fullyLabeledReplicas:int32 readyReplicas:int32 availableReplicas:int32 observedGeneration:int64
      conditions:[ReplicaSetCondition]@type
    ResourceClaim name:string!
    ResourceFieldSelector containerName:string resource:string! divisor:Quantity
    ResourceRequirements limits:{Quantity} requests:{Quantity} claims:[ResourceClaim]
    RollingUpdateDeployment maxUnavailable:*IntOrString maxSurge:*IntOrString
    SELinuxOptions user:string role:string type:string level:string
    ScaleIOVolumeSource gateway:string! system:string! secretRef:*LocalObjectReference! sslEnabled:bool protectionDomain:string
      storagePool:string storageMode:string volumeName:string fsType:string readOnly:bool
    SeccompProfile type:string! localhostProfile:*string
    Secret metadata:ObjectMeta immutable:*bool data:{bytes} stringData:{string} type:string
    SecretEnvSource name:string optional:*bool
    SecretKeySelector name:string key:string! optional:*bool
    SecretProjection name:string items:[KeyToPath] optional:*bool
    SecretVolumeSource secretName:string items:[KeyToPath] defaultMode:*int32 optional:*bool
    SecurityContext capabilities:*Capabilities privileged:*bool seLinuxOptions:*SELinuxOptions
      windowsOptions:*WindowsSecurityContextOptions runAsUser:*int64 runAsGroup:*int64 runAsNonRoot:*bool
      readOnlyRootFilesystem:*bool allowPrivilegeEscalation:*bool procMount:*string seccompProfile:*SeccompProfile
      appArmorProfile:*AppArmorProfile
    Service metadata:ObjectMeta spec:ServiceSpec status:ServiceStatus
    ServiceAccount metadata:ObjectMeta secrets:[ObjectReference]@name imagePullSecrets:[LocalObjectReference]
      automountServiceAccountToken:*bool
    ServiceAccountTokenProjection audience:string expirationSeconds:*int64 path:string!
    ServicePort name:string protocol:string appProtocol:*string port:int32! targetPort:IntOrString nodePort:int32
    ServiceSpec ports:[ServicePort]@port selector:{string} clusterIP:string clusterIPs:[string] type:string externalIPs:[string]
      sessionAffinity:string loadBalancerIP:string loadBalancerSourceRanges:[string] externalName:string
      externalTrafficPolicy:string healthCheckNodePort:int32 publishNotReadyAddresses:bool
      sessionAffinityConfig:*SessionAffinityConfig ipFamilies:[string] ipFamilyPolicy:*string allocateLoadBalancerNodePorts:*bool
      loadBalancerClass:*string internalTrafficPolicy:*string trafficDistribution:*string
    ServiceStatus loadBalancer:LoadBalancerStatus conditions:[Condition]@type
    SessionAffinityConfig clientIP:*ClientIPConfig
    SleepAction seconds:int64!
    StorageOSVolumeSource volumeName:string volumeNamespace:string fsType:string readOnly:bool secretRef:*LocalObjectReference
    SuccessPolicy rules:[SuccessPolicyRule]!
    SuccessPolicyRule succeededIndexes:*string succeededCount:*int32
    Sysctl name:string! value:string!
    TCPSocketAction port:IntOrString! host:string
    Toleration key:string operator:string value:string effect:string tolerationSeconds:*int64
    TopologySpreadConstraint maxSkew:int32! topologyKey:string! whenUnsatisfiable:string! labelSelector:*LabelSelector
      minDomains:*int32 nodeAffinityPolicy:*string nodeTaintsPolicy:*string matchLabelKeys:[string]
    TypedLocalObjectReference apiGroup:*string! kind:string! name:string!
    TypedObjectReference apiGroup:*string! kind:string! name:string! namespace:*string
    UncountedTerminatedPods succeeded:[string] failed:[string]
    Volume name:string! hostPath:*HostPathVolumeSource emptyDir:*EmptyDirVolumeSource
      gcePersistentDisk:*GCEPersistentDiskVolumeSource awsElasticBlockStore:*AWSElasticBlockStoreVolumeSource
      gitRepo:*GitRepoVolumeSource secret:*SecretVolumeSource nfs:*NFSVolumeSource iscsi:*ISCSIVolumeSource
      glusterfs:*GlusterfsVolumeSource persistentVolumeClaim:*PersistentVolumeClaimVolumeSource rbd:*RBDVolumeSource
      flexVolume:*FlexVolumeSource cinder:*CinderVolumeSource cephfs:*CephFSVolumeSource flocker:*FlockerVolumeSource
      downwardAPI:*DownwardAPIVolumeSource fc:*FCVolumeSource azureFile:*AzureFileVolumeSource configMap:*ConfigMapVolumeSource
      vsphereVolume:*VsphereVirtualDiskVolumeSource quobyte:*QuobyteVolumeSource azureDisk:*AzureDiskVolumeSource
      photonPersistentDisk:*PhotonPersistentDiskVolumeSource projected:*ProjectedVolumeSource portworxVolume:*PortworxVolumeSource
      scaleIO:*ScaleIOVolumeSource storageos:*StorageOSVolumeSource csi:*CSIVolumeSource ephemeral:*EphemeralVolumeSource
    VolumeDevice name:string! devicePath:string!
    VolumeMount name:string! readOnly:bool recursiveReadOnly:*string mountPath:string! subPath:string mountPropagation:*string
      subPathExpr:string
    VolumeMountStatus name:string! mountPath:string! readOnly:bool recursiveReadOnly:*string
    VolumeProjection secret:*SecretProjection downwardAPI:*DownwardAPIProjection configMap:*ConfigMapProjection
      serviceAccountToken:*ServiceAccountTokenProjection clusterTrustBundle:*ClusterTrustBundleProjection
    VolumeResourceRequirements limits:{Quantity} requests:{Quantity}
    VsphereVirtualDiskVolumeSource volumePath:string! fsType:string storagePolicyName:string storagePolicyID:string
    WeightedPodAffinityTerm weight:int32! podAffinityTerm:PodAffinityTerm!
    WindowsSecurityContextOptions gmsaCredentialSpecName:*string gmsaCredentialSpec:*string runAsUserName:*string hostProcess:*bool
    """

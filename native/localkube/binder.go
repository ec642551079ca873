package main

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
)

// bindPods puts Pods without a node on the only one, after they were created. It stands in for the
// placement policy where the emulated version has none: a server that emulates a version before 1.36
// with the policy's beta switched on never becomes ready.
func (c *cluster) bindPods(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", c.roleKubeconfig(roleKwok))
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	// A Pod that gets its node leaves the selection; the periodic resync repeats a binding that failed.
	factory := informers.NewSharedInformerFactoryWithOptions(client, 5*time.Second,
		informers.WithTweakListOptions(func(list *metav1.ListOptions) {
			list.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", "").String()
		}))
	bind := func(object any) {
		pod, isPod := object.(*corev1.Pod)
		if !isPod || pod.DeletionTimestamp != nil {
			return
		}
		binding := &corev1.Binding{
			ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID},
			Target:     corev1.ObjectReference{Kind: "Node", Name: nodeName},
		}
		if err := client.CoreV1().Pods(pod.Namespace).Bind(ctx, binding, metav1.CreateOptions{}); err != nil {
			fmt.Fprintf(os.Stderr, "localkube: placing Pod %s/%s: %v\n", pod.Namespace, pod.Name, err)
		}
	}
	_, err = factory.Core().V1().Pods().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    bind,
		UpdateFunc: func(_, object any) { bind(object) },
	})
	factory.Start(ctx.Done())
	return err
}

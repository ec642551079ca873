package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

const (
	certificateLifetime = 10 * 365 * 24 * time.Hour
	serviceRange        = "10.96.0.0/16"
	serviceAddress      = "10.96.0.1" // the first of serviceRange: the Service "kubernetes"
)

// authority signs the certificates of one cluster.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// keyPair is a certificate and its key, PEM encoded.
type keyPair struct{ certificate, key []byte }

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// template is what all certificates share. The past start tolerates small clock steps.
func template(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               subject,
		NotBefore:             now.Add(-5 * time.Minute),
		NotAfter:              now.Add(certificateLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}, nil
}

func newAuthority() (*authority, keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, keyPair{}, err
	}
	cert, err := template(pkix.Name{CommonName: "localkube-ca"})
	if err != nil {
		return nil, keyPair{}, err
	}
	cert.IsCA = true
	cert.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		return nil, keyPair{}, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, keyPair{}, err
	}
	encoded, err := encodeKey(key)
	return &authority{parsed, key}, keyPair{encodeCertificate(der), encoded}, err
}

func parseAuthority(pair keyPair) (*authority, error) {
	certBlock, _ := pem.Decode(pair.certificate)
	keyBlock, _ := pem.Decode(pair.key)
	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("the cluster's authority is not PEM encoded")
	}
	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	return &authority{cert, key}, err
}

func (a *authority) sign(cert *x509.Certificate) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.certificate, key.Public(), a.key)
	if err != nil {
		return keyPair{}, err
	}
	encoded, err := encodeKey(key)
	return keyPair{encodeCertificate(der), encoded}, err
}

// issueClient signs an identity: Kubernetes reads the user from CN and the groups from O.
func (a *authority) issueClient(user string, groups []string) (keyPair, error) {
	cert, err := template(pkix.Name{CommonName: user, Organization: groups})
	if err != nil {
		return keyPair{}, err
	}
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.sign(cert)
}

func (a *authority) issueServer() (keyPair, error) {
	cert, err := template(pkix.Name{CommonName: "kube-apiserver"})
	if err != nil {
		return keyPair{}, err
	}
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	cert.IPAddresses = []net.IP{net.ParseIP("127.0.0.1"), net.ParseIP(serviceAddress)}
	cert.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	return a.sign(cert)
}

// createPKI makes all keys of a cluster, once. The authority's key is written last: it marks the set
// as complete, so that a start killed in the middle begins again.
func (c *cluster) createPKI(s settings) error {
	if _, err := os.Stat(c.pki("ca.key")); err == nil {
		return nil
	}
	ca, caPair, err := newAuthority()
	if err != nil {
		return err
	}
	server, err := ca.issueServer()
	if err != nil {
		return err
	}
	private, public, err := serviceAccountKeys()
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"ca.crt": caPair.certificate, "apiserver.crt": server.certificate, "apiserver.key": server.key,
		"sa.key": private, "sa.pub": public,
	}
	for name, data := range files {
		if err := writePrivate(c.pki(name), data); err != nil {
			return err
		}
	}
	if err := c.writeIdentities(ca, caPair.certificate, s); err != nil {
		return err
	}
	return writePrivate(c.pki("ca.key"), caPair.key)
}

// writeIdentities makes the kubeconfigs of the administrator and of the roles. Only the administrator
// is in system:masters; the roles have the rights that RBAC gives them.
func (c *cluster) writeIdentities(ca *authority, caCertificate []byte, s settings) error {
	identities := []struct {
		file, user string
		groups     []string
	}{
		{c.kubeconfig(), "localkube-admin", []string{"system:masters"}},
		{c.roleKubeconfig(roleControllers), "system:kube-controller-manager", nil},
		{c.roleKubeconfig(roleKwok), "localkube:kwok", []string{"localkube:kwok"}},
	}
	for _, identity := range identities {
		pair, err := ca.issueClient(identity.user, identity.groups)
		if err != nil {
			return err
		}
		text := renderKubeconfig(kubeconfigInput{c.name, c.server(s), identity.user, caCertificate, pair})
		if err := writePrivate(identity.file, text); err != nil {
			return err
		}
	}
	return nil
}

func serviceAccountKeys() (private, public []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if private, err = encodeKey(key); err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, nil, err
	}
	return private, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func (c *cluster) readAuthority() (*authority, []byte, error) {
	cert, err := os.ReadFile(c.pki("ca.crt"))
	if err != nil {
		return nil, nil, err
	}
	key, err := os.ReadFile(c.pki("ca.key"))
	if err != nil {
		return nil, nil, fmt.Errorf("cluster %s was never started to its end: %w", c.name, err)
	}
	ca, err := parseAuthority(keyPair{cert, key})
	return ca, cert, err
}

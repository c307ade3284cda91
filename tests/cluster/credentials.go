package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Users that the API server knows by a static token; all may do everything.
// ServiceAccounts are the ones with narrow rights.
const (
	userAdmin             = "admin"
	userControllerManager = "system:kube-controller-manager"
	userTraefik           = "traefik"
	userEnvoyGateway      = "envoy-gateway"
	userCilium            = "cilium"
)

// credentials are the files by which the programs trust each other.
type credentials struct {
	directory   string
	caFile      string // PEM, signs the API server's certificate
	certificate string
	key         string
	tokenFile   string // static tokens, for kube-apiserver
	signingKey  string // of ServiceAccount tokens
	ca          []byte
	tokens      map[string]string // by user
}

// makeCredentials writes fresh credentials to directory.
func makeCredentials(directory string) (*credentials, error) {
	c := &credentials{
		directory:   directory,
		caFile:      filepath.Join(directory, "ca.crt"),
		certificate: filepath.Join(directory, "apiserver.crt"),
		key:         filepath.Join(directory, "apiserver.key"),
		tokenFile:   filepath.Join(directory, "tokens.csv"),
		signingKey:  filepath.Join(directory, "serviceaccount.key"),
		tokens:      map[string]string{},
	}
	if err := c.makeCertificates(); err != nil {
		return nil, fmt.Errorf("cannot make the API server's certificate: %w", err)
	}
	lines := []string{}
	for _, user := range []string{userAdmin, userControllerManager, userTraefik, userEnvoyGateway, userCilium} {
		c.tokens[user] = rand.Text()
		lines = append(lines, fmt.Sprintf("%s,%s,%s,system:masters\n", c.tokens[user], user, user))
	}
	if err := os.WriteFile(c.tokenFile, []byte(strings.Join(lines, "")), 0o600); err != nil {
		return nil, fmt.Errorf("cannot write tokens: %w", err)
	}
	return c, nil
}

func (c *credentials) makeCertificates() error {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	signingKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "test cluster"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(1, 0, 0),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    authority.NotBefore,
		NotAfter:     authority.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses:  []net.IP{net.ParseIP(apiAddress), net.ParseIP("127.0.0.1"), net.ParseIP("10.152.183.1")},
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, serverKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	c.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER})
	if err := os.WriteFile(c.caFile, c.ca, 0o644); err != nil {
		return err
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: serverDER})
	if err := os.WriteFile(c.certificate, certificate, 0o644); err != nil {
		return err
	}
	if err := writeKey(c.key, serverKey); err != nil {
		return err
	}
	return writeKey(c.signingKey, signingKey)
}

func writeKey(path string, key *ecdsa.PrivateKey) error {
	// The form that kube-apiserver also accepts where it wants a public key.
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// writeKubeconfig writes a kubeconfig with one context, for one user of the
// API server at server (a URL), readable by the owner only.
func (c *credentials) writeKubeconfig(path, server, user, token, namespace string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: c.ca}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: user, Namespace: namespace}
	config.CurrentContext = "test"
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return fmt.Errorf("cannot write a kubeconfig for %s: %w", user, err)
	}
	return nil
}

package lab

import (
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Interpose makes a deployed charm reach the API server through a proxy. wrap can change the
// handler, which passes a request on. The caller must close the server that is returned.
func (l *Lab) Interpose(app string, wrap func(http.Handler) http.Handler) (*httptest.Server, error) {
	path := l.Kubeconfig(app + "/0")
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	api := rest.AnonymousClientConfig(l.Cluster.Config())
	transport, err := rest.TransportFor(api)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(api.Host)
	if err != nil {
		return nil, err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0), // Those that are killed leave requests.
	}
	server := httptest.NewUnstartedServer(wrap(proxy))
	server.Config.ErrorLog = proxy.ErrorLog
	server.EnableHTTP2 = true
	server.StartTLS()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for _, cluster := range config.Clusters {
		cluster.Server, cluster.CertificateAuthority, cluster.CertificateAuthorityData = server.URL, "", ca
	}
	content, err := clientcmd.Write(*config)
	if err == nil {
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}

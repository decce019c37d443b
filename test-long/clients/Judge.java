import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;

/**
 * HL7's own engine judges FHIR R4 resources, offline: one JSON resource a line in, per line a JSON array of
 * {severity, at, text} out. Run by scripts/test-clients.ts: java -cp 'lib/*' Judge.java IN OUT
 */
public final class Judge {
  public static void main(String[] files) throws IOException {
    FhirValidator validator = validator(FhirContext.forR4());
    try (PrintStream out = new PrintStream(files[1], StandardCharsets.UTF_8)) {
      for (String line : Files.readAllLines(Path.of(files[0]))) {
        out.println(verdict(validator, line));
      }
    }
  }

  private static FhirValidator validator(FhirContext context) {
    ValidationSupportChain support =
        new ValidationSupportChain(
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new NoConceptMaps(context));
    FhirInstanceValidator rules = new FhirInstanceValidator(support);
    rules.setAnyExtensionsAllowed(true);
    return context.newValidator().registerValidatorModule(rules);
  }

  private static String verdict(FhirValidator validator, String resource) {
    List<String> issues = new ArrayList<>();
    try {
      for (SingleValidationMessage one : validator.validateWithResult(resource).getMessages()) {
        ResultSeverityEnum severity = one.getSeverity();
        String code = severity == null ? "" : severity.getCode();
        issues.add(issue(code, one.getLocationString(), one.getMessage()));
      }
    } catch (RuntimeException failure) {
      // The engine fails on what is no FHIR JSON at all, null in a list for one.
      issues.add(issue("fatal", "", "cannot be read: " + failure.getMessage()));
    }
    return "[" + String.join(",", issues) + "]";
  }

  private static String issue(String severity, String at, String message) {
    return "{\"severity\":" + text(severity) + ",\"at\":" + text(at) + ",\"text\":" + text(message) + "}";
  }

  private static String text(String value) {
    StringBuilder out = new StringBuilder("\"");
    for (char c : (value == null ? "" : value).toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < 0x20 || c > 0x7e) out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }

  /** The engine asks for ConceptMaps; with nobody who can be asked it throws. There are none here. */
  private record NoConceptMaps(FhirContext context) implements IValidationSupport {
    @Override
    public FhirContext getFhirContext() {
      return context;
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> type, String uri) {
      return null;
    }
  }
}
